/** An image as people speak of it: normalised name and tag, as the pod asked for it. */
export interface Image {
  /** `docker.io/library/nginx` */
  readonly name: string;
  /** `1.27`; `latest` if none was given; the first 12 digits of the digest if only that was given. */
  readonly tag: string;
}
