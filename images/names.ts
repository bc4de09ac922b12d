/** The images of this project. */
export const imageNames = ["server", "operator", "telegram"] as const;

/** Beside them, the server with the fixtures of the conformance suite, which is built for that alone, and the plugin of kubectl, which is no image. */
export type ImageName = (typeof imageNames)[number] | "conformance" | "plugin";

/** The local name of an image, such as `cctelegram/server:dev`. */
export function imageName(name: ImageName): string {
  return `cctelegram/${name}:dev`;
}

/** The name of `cctelegram/server:dev` for containerd and a kubelet. */
export function fullImageName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = rest.length === 0 ? `library/${image}` : image;
  const name = hasRegistry ? image : `docker.io/${path}`;
  return /[:@]/.test(name.slice(name.lastIndexOf("/"))) ? name : `${name}:latest`;
}
