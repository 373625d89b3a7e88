// Pictures of faces are fetched a few at a time, those on screen first: a browser keeps six lines open to one
// address, and what somebody clicks must not wait behind a row of cards.

const AT_ONCE = 2;

const waiting = new Set();
let busy = 0;

const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) waiting.add(target);
    else waiting.delete(target);
  }
  next();
}, { rootMargin: "150px" });

/** Lets an image load its picture once it is nearly on screen. */
export function whenSeen(image, address) {
  image.dataset.address = address;
  watch.observe(image);
  return image;
}

function next() {
  while (busy < AT_ONCE && waiting.size) {
    const [image] = waiting;
    waiting.delete(image);
    watch.unobserve(image);
    busy += 1;
    const over = () => {
      busy -= 1;
      next();
    };
    image.addEventListener("load", over, { once: true });
    image.addEventListener("error", over, { once: true });
    image.src = image.dataset.address;
  }
}
