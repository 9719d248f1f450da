/** Types that several kinds share. Constraint tags on a type alias hold wherever the alias is used. */

/** What every object has; the API server owns its schema, so nothing of it is generated. */
export interface ObjectMeta {
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Time as RFC 3339, UTC.
 * @format date-time
 * @maxLength 40
 */
export type Timestamp = string;

/**
 * Duration as hours, minutes and seconds, largest first, for example 30m or 1h30m.
 * @pattern ^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$
 * @minLength 2
 * @maxLength 18
 */
export type Duration = string;

/**
 * How many there are.
 * @minimum 0
 */
export type Count = number;

/**
 * Score in percent, rounded half up.
 * @minimum 0
 * @maximum 100
 */
export type Percent = number;

/**
 * Parts of a million.
 * @minimum 0
 * @maximum 1000000
 */
export type PerMillion = number;

/**
 * Key of a label, with its prefix if it has one.
 * @minLength 1
 * @maxLength 317
 * @pattern ^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$
 */
export type LabelKey = string;

/**
 * DNS name in lower case, without dots at its ends.
 * @minLength 1
 * @maxLength 253
 * @pattern ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$
 */
export type DomainName = string;

/** One aspect of the state of the object. */
export interface Condition {
  /**
   * Name of the aspect, in CamelCase.
   * @pattern ^[A-Z][A-Za-z0-9]*$
   * @maxLength 64
   */
  readonly type: string;
  /** Whether it holds. */
  readonly status: 'True' | 'False' | 'Unknown';
  /**
   * Why, as one CamelCase word for programs.
   * @pattern ^[A-Z][A-Za-z0-9]*$
   * @maxLength 64
   */
  readonly reason: string;
  /**
   * Why, and what to do about it, for people.
   * @maxLength 2048
   */
  readonly message: string;
  /** Since when the status is what it is. */
  readonly lastTransitionTime: Timestamp;
  /** Generation of the object that was looked at. */
  readonly observedGeneration?: Count;
}
