// A colour for each number: light enough for dark letters on it, neighbours far apart.

export function colour(number) {
  const hue = Math.round((number * 137.508 + 190) % 360);
  return `hsl(${hue} 78% 74%)`;
}
