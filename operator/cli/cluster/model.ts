/** A profile as the operator knows it, with what its object has no room for, or as it was. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { parseProfile, type ProfileDocument } from '../input/profile-document.ts';
import type { OperatorOptions } from '../options.ts';
import { askAbout, NoSuchProfile } from './named.ts';
import { operatorApi, Refusal } from './operator.ts';
import { modelReader } from './reader.ts';

/**
 * @param name of the object, or an image reference such as `nginx:1.27`
 * @param at RFC 3339, of the past; now if absent
 * @throws Failure, KubeError
 */
export type ReadModel = (name: string, at?: string) => Promise<ProfileDocument>;

/** The operator is first asked, and its token fetched, when the first is read. */
export function modelsOf(options: OperatorOptions, context: Context): ReadModel {
  let api: ReturnType<typeof operatorApi> | undefined;
  return async (name, at) => {
    const ask = await (api ??= operatorApi(options, context, modelReader));
    const rest = at === undefined ? '' : `?${new URLSearchParams({ at }).toString()}`;
    try {
      return parseProfile(await askAbout(ask, { name, rest }, z.unknown()), `the operator's profile ${name}`);
    } catch (error) {
      throw at === undefined ? asFailure(error) : ofThen(error, name, at);
    }
  };
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof NoSuchProfile)) return error;
  return new Failure(error.message, { cause: error, hint: 'kubectl wsp profiles lists what there is' });
}

/** Another time may have an answer. */
function ofThen(error: unknown, name: string, at: string): unknown {
  if (error instanceof NoSuchProfile) {
    const hint = `kubectl wsp profile show ${name} says since when it is learned`;
    const reason = 'that is before its first snapshot, or there is no such profile';
    return new Failure(`nothing was known of ${name} at ${at}: ${reason}`, { cause: error, hint });
  }
  if (!(error instanceof Refusal) || error.code !== 'snapshots-gone') return error;
  const hint =
    'a later time may have its snapshots still; retention of workloadsecurityconfig/default says how long they are kept';
  return new Failure(`${name} cannot be made again as it was at ${at}: ${error.detail}`, { cause: error, hint });
}
