/** The WorkloadSecurityConfig kind: every setting that can be changed while the operator runs. */
import type { Condition, Count, DomainName, Duration, LabelKey, ObjectMeta } from './common.ts';

/**
 * Settings of the operator. There is one, named default, which the operator creates if it is absent. Changes take
 * effect at once, without a restart.
 * @plural workloadsecurityconfigs
 * @scope Cluster
 * @shortName wsc
 * @category workload-security
 * @printerColumn Profiling boolean .spec.profiling.enabled
 * @printerColumn Slots integer .spec.profiling.maxContainersPerNode
 * @printerColumn Period string .spec.profiling.snapshotPeriod
 * @printerColumn Ready string .status.conditions[?(@.type=="Ready")].status
 * @printerColumn Store string .status.conditions[?(@.type=="StoreReady")].status
 * @printerColumn Message string .status.conditions[?(@.type=="Ready")].message wide
 * @printerColumn Age date .metadata.creationTimestamp
 * @validation self.metadata.name == 'default' :: the one WorkloadSecurityConfig must be named default
 */
export interface WorkloadSecurityConfig {
  readonly apiVersion: 'workloadsecurity.dev/v1alpha1';
  readonly kind: 'WorkloadSecurityConfig';
  readonly metadata: ObjectMeta;
  /** The settings; may be empty. */
  readonly spec: WorkloadSecurityConfigSpec;
  /** What the operator made of them. */
  readonly status?: WorkloadSecurityConfigStatus;
}

/**
 * The settings. All have a default.
 * @validation !self.learning.minSnapshotCoverage.matches('^([0-9]+[hms])+$') || !self.profiling.snapshotPeriod.matches('^([0-9]+[hms])+$') || duration(self.learning.minSnapshotCoverage) <= duration(self.profiling.snapshotPeriod) :: learning.minSnapshotCoverage must not be longer than profiling.snapshotPeriod, or hardly any snapshot would count
 */
export interface WorkloadSecurityConfigSpec {
  /**
   * Which containers are profiled, and for how long.
   * @default {}
   */
  readonly profiling: ProfilingSettings;
  /**
   * When a profile is learned.
   * @default {}
   */
  readonly learning: LearningSettings;
  /**
   * How profiles are written to the API server.
   * @default {}
   */
  readonly publishing: PublishingSettings;
  /**
   * What cluster and store keep.
   * @default {}
   */
  readonly retention: RetentionSettings;
}

/** Which containers are profiled, and for how long. */
export interface ProfilingSettings {
  /**
   * Profile containers at all. Profiles that exist stay.
   * @default true
   */
  readonly enabled: boolean;
  /**
   * Containers that are profiled at once on each node.
   * @default 5
   * @minimum 1
   * @maximum 100
   */
  readonly maxContainersPerNode: number;
  /**
   * How long a container is profiled before another gets its turn; from 10s to 24h.
   * @default "30m"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) >= duration('10s') && duration(self) <= duration('24h')) :: must be from 10s to 24h
   */
  readonly snapshotPeriod: Duration;
  /**
   * Containers that are never profiled. A container is excluded if any entry matches it.
   * @default []
   * @maxItems 64
   * @listType atomic
   */
  readonly exclude: readonly Exclusion[];
}

/**
 * Containers that are never profiled: those that match every field that is given.
 * @validation has(self.namespace) || has(self.image) :: give a namespace, an image or both
 */
export interface Exclusion {
  /**
   * Namespace of the pod.
   * @maxLength 63
   * @pattern ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$
   */
  readonly namespace?: string;
  /**
   * Image with or without tag, for example docker.io/library/busybox or registry.example.com/**:latest. An asterisk
   * stands for characters other than a slash, two asterisks for any characters.
   * @minLength 1
   * @maxLength 384
   * @pattern ^[A-Za-z0-9._:/*\[\]-]+$
   */
  readonly image?: string;
}

/** When a profile is learned: after this many snapshots or this long, whichever comes first. */
export interface LearningSettings {
  /**
   * Snapshots that make a profile stable.
   * @default 200
   * @minimum 1
   * @maximum 1000
   */
  readonly snapshots: number;
  /**
   * Time since the first snapshot that makes a profile stable; from 1s to 2160h.
   * @default "48h"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) >= duration('1s') && duration(self) <= duration('2160h')) :: must be from 1s to 2160h
   */
  readonly period: Duration;
  /**
   * A snapshot counts if it covers at least this, or the whole life of its container; at most 24h.
   * @default "5m"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) <= duration('24h')) :: must be at most 24h
   */
  readonly minSnapshotCoverage: Duration;
  /**
   * Length of the start phase, counted from the first program of the container; at most 1h.
   * @default "180s"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) <= duration('1h')) :: must be at most 1h
   */
  readonly startPhase: Duration;
  /**
   * What becomes of a finished profile when containers run another build of its image under the same tag. Keep: it stays,
   * with the condition DigestsAgree False. Relearn: it goes into the archive, and learning begins anew once the namespaces
   * that taught most of it have rolled the other build out. Auto: Relearn for the tag latest, Keep for all others.
   * @default "Auto"
   */
  readonly onNewDigest: 'Auto' | 'Keep' | 'Relearn';
  /**
   * Domain of the cluster's Services, as the kubelets have it (clusterDomain). Names that resolvers only tried are recognised
   * by it. A change holds for snapshots that come afterwards; what was learned stays until its image is relearned.
   * @default "cluster.local"
   */
  readonly clusterDomain: DomainName;
  /**
   * Search domains of the nodes' resolv.conf, in its order, which the kubelet appends to that of pods, for example
   * eu-west-1.compute.internal. A name below one of them is left out of a profile where the same process asked for the same
   * name without it, so give domains of your own only; the operator refuses those in which anybody can register names, such as com.
   * A change holds as for clusterDomain.
   * @default []
   * @maxItems 8
   * @listType atomic
   */
  readonly searchDomains: readonly DomainName[];
}

/** How profiles are written to the API server. */
export interface PublishingSettings {
  /**
   * Shortest time between two writes of one profile; new and finished profiles are written at once. From 1s to 24h.
   * @default "5m"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) >= duration('1s') && duration(self) <= duration('24h')) :: must be from 1s to 24h
   */
  readonly interval: Duration;
  /**
   * Labels of pods that profiles can be searched by: their values go into the status of the profiles of the images that the
   * pods run.
   * @default ["service", "env", "team"]
   * @maxItems 8
   * @listType set
   */
  readonly labels: readonly LabelKey[];
}

/** What cluster and store keep. */
export interface RetentionSettings {
  /**
   * How long snapshots are kept; from 1h to 17520h. What was learned from them stays.
   * @default "2160h"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) >= duration('1h') && duration(self) <= duration('17520h')) :: must be from 1h to 17520h
   */
  readonly snapshotAge: Duration;
  /**
   * Bytes of compressed snapshots that are kept, oldest dropped first. What was learned from them stays.
   * @default 536870912
   * @minimum 0
   * @maximum 1099511627776
   */
  readonly snapshotBytes: number;
  /**
   * Profiles of images that have not been running for so long leave the cluster for the archive, and come back when the
   * image runs again; from 1h to 17520h.
   * @default "720h"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) >= duration('1h') && duration(self) <= duration('17520h')) :: must be from 1h to 17520h
   */
  readonly profileIdle: Duration;
  /**
   * Profiles of one image name, each of another tag. Beyond, those that ran least recently go into the archive; running
   * ones never do.
   * @default 10
   * @minimum 1
   * @maximum 1000
   */
  readonly profileTags: number;
  /**
   * Bytes of all profiles in the cluster. Beyond, those that ran least recently go into the archive; running ones never do.
   * @default 67108864
   * @minimum 1048576
   * @maximum 1073741824
   */
  readonly profileBytes: number;
  /**
   * How long the archive keeps a profile; from 1h to 87600h.
   * @default "8760h"
   * @validation !self.matches('^([0-9]+[hms])+$') || (duration(self) >= duration('1h') && duration(self) <= duration('87600h')) :: must be from 1h to 87600h
   */
  readonly archiveAge: Duration;
  /**
   * Bytes of compressed profiles that the archive keeps, oldest dropped first.
   * @default 134217728
   * @minimum 0
   * @maximum 1099511627776
   */
  readonly archiveBytes: number;
}

/** What the operator made of the settings. */
export interface WorkloadSecurityConfigStatus {
  /** Generation of the settings that are in force, or were refused. */
  readonly observedGeneration?: Count;
  /**
   * Ready is False if the settings were refused; the last good ones stay in force. StoreReady is False while the store
   * takes nothing; its message says what to do.
   * @maxItems 16
   * @listType map
   * @listMapKey type
   */
  readonly conditions?: readonly Condition[];
}
