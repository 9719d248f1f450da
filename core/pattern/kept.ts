/**
 * Paths whose names are information, however random they look. An attacker's file among them must not pass for a known one,
 * so no name there ever becomes a pattern.
 */

/** Directories that belong to the image (`/etc/ssl/certs/5f618aec.0`). */
const image = /^\/(?:etc|usr|bin|sbin|lib|lib32|lib64|libx32|boot)(?:\/|$)/;

/** What servers that are installed below /usr/local write there themselves, such as logs and work files of a Tomcat. */
const written = /^\/usr\/local\/[^/]+\/(?:logs?|temp|tmp|work|cache|var|data|run)\//;

export function isImagePath(path: string): boolean {
  return image.test(path) && !written.test(path);
}

const device = /^\/dev\/(?!shm\/)/;
const upwards = /(?:^|\/)\.\.(?:\/|$)/;

/** Directories and files of keys, tokens and passwords, wherever they lie. */
const credentials = [
  /\/(?:\.ssh|\.aws|\.azure|\.docker|\.kube|\.gnupg|gcloud|secrets?|credentials?|private|serviceaccount|tokens?)(?:\/|$)/i,
  /\/(?:g?shadow|sudoers|passwd|\.env|\.netrc|\.pgpass|\.my\.cnf|\.npmrc|\.pypirc|\.htpasswd|\.vault-token|\.git-credentials)(?:[-._][^/]*)?$/i,
  /\/id_(?:rsa|dsa|ecdsa|ed25519)[^/]*$/i,
  /\/(?:[^/]*[-_.])?tokens?\.[a-z]+$/i,
  // What people typed into a shell or a database client, passwords too.
  /\/\.[a-z]+_history$/,
  /\.(?:pem|key|keytab|p8|p12|pfx|jks|keystore|kdbx?|ppk)$/i,
];

/** Among those, what every program reads and everybody may know: accounts' names, and certificates of authorities. */
const publicKnowledge = /\/passwd-?$|\/certs\/[^/]*\.pem$|\/(?:ca|cacert|cert|ca-bundle|chain|fullchain)\.pem$/i;

/** Who reads it may learn a secret. */
export function isCredential(path: string): boolean {
  return credentials.some((pattern) => pattern.test(path)) && !publicKnowledge.test(path);
}

/** What starts by itself: jobs, and programs of a session. */
const startsItself = /\/(?:cron|crontabs|autostart|systemd\/(?:system|user))\//;

/** Programs of people and applications: whoever adds one will have it run. Temporary and cached ones have names of their own each time. */
const program = /\/s?bin\/|\.ko$|\.so(?:\.[0-9]+)*$/;
const passing = /\/\.?(?:te?mp|caches?)\//i;

const webRoot =
  /\/(?:www|html|htdocs|webroot|wwwroot|public|public_html|webapps|deployments|autodeploy|uploads?|sites?|cgi-bin)\//i;
const webCode = /\.(?:php\d?|phtml|phar|jspx?|aspx?|ashx|cgi|pl|py|rb|lua|sh|war|jar|class|m?js)$/i;

/** `path` as `reducePath` leaves it. Each test takes time linear in the path, which may be hostile. */
export function keepsNames(path: string): boolean {
  return (
    isImagePath(path) ||
    device.test(path) ||
    upwards.test(path) ||
    credentials.some((pattern) => pattern.test(path)) ||
    startsItself.test(path) ||
    (program.test(path) && !passing.test(path)) ||
    // What a web server would run for whoever asks for it.
    (webCode.test(path) && webRoot.test(path))
  );
}
