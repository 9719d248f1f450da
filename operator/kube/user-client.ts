/** The API server as a person's kubeconfig reaches it, with that person's rights. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { createKubeClient, type KubeClient } from './client.ts';
import { problemText } from './errors.ts';

export interface UserConnection {
  /** Path; without it KUBECONFIG, then ~/.kube/config, as kubectl does. */
  readonly kubeconfig?: string | undefined;
  /** Name of a context; the current one if absent. */
  readonly context?: string | undefined;
}

/** @throws Error that says what is wrong with the kubeconfig */
export function connectAsUser(options: UserConnection): KubeClient {
  return createKubeClient(userConfig(options), { userAgent: 'kubectl-wsp' });
}

/** @throws Error that says what is wrong with the kubeconfig */
export function userConfig(options: UserConnection): KubeConfig {
  const config = read(options.kubeconfig);
  const { context = config.getCurrentContext() } = options;
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name);
    const which = context === '' ? 'no current context' : `no context "${context}"`;
    throw new Error(`the kubeconfig has ${which}; it has ${known.length === 0 ? 'none' : known.join(', ')}`);
  }
  config.setCurrentContext(context);
  if (config.getCurrentCluster() === null) throw new Error(`context "${context}" of the kubeconfig names no cluster`);
  return config;
}

function read(file: string | undefined): KubeConfig {
  const config = new KubeConfig();
  const named = (file ?? '') === '' ? process.env['KUBECONFIG'] : file;
  if ((named ?? '') === '' && !existsSync(join(homedir(), '.kube', 'config'))) {
    throw new Error('there is no kubeconfig: neither --kubeconfig, nor KUBECONFIG, nor ~/.kube/config');
  }
  try {
    if (file === undefined || file === '') config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (cause) {
    throw new Error(`cannot use the kubeconfig: ${problemText(cause)}`, { cause });
  }
  return config;
}
