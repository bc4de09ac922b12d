/** The contrast of each text that is seen with what is behind it (WCAG 2.2, 1.4.3). */
export const measureContrast = `(() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = parts(color).map((each) => (each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return parts(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
  };
  const contrasts = {};
  for (const element of document.querySelectorAll("body *")) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    if (!isText || element.checkVisibility() === false || element.closest("noscript")) continue;
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((x, y) => y - x);
    const name = element.localName + "." + element.className;
    contrasts[name] = Math.min(contrasts[name] ?? 21, (a + 0.05) / (b + 0.05));
  }
  return [behind(document.body), contrasts];
})()`;
