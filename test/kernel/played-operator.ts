/** An operator that a test plays for a real agent. */
import type { ServerResponse } from 'node:http';
import { zstdDecompressSync } from 'node:zlib';
import { snapshotSchema, type Snapshot } from '../../core/activity/snapshot.ts';
import { agentReport, type AgentReport, type ContainerProbes, type Slot } from '../../core/wire/agent.ts';
import { initialDesired } from '../../agent/link/desired-file.ts';
import { OperatorServer } from '../../agent/link/testing/operator-server.ts';

/** Grants slots, keeps what it is told, and can be away. */
export class PlayedOperator {
  readonly server = new OperatorServer();
  readonly reports: AgentReport[] = [];
  readonly snapshots: Snapshot[] = [];
  away = false;
  #stream: ServerResponse | undefined;
  #version = 0;
  #slots: readonly Slot[] = [];
  #refused: readonly string[] = [];
  /** Told with the next grant. */
  probes: readonly ContainerProbes[] = [];

  constructor() {
    this.server.answer = ({ line, body }, response) => {
      if (this.away) response.writeHead(503).end();
      else if (line === 'GET /agent/v1/desired') this.#open(response);
      else if (line === 'POST /agent/v1/report') {
        this.reports.push(agentReport.parse(JSON.parse(body.toString())));
        response.writeHead(204).end();
      } else {
        this.snapshots.push(snapshotSchema.parse(JSON.parse(zstdDecompressSync(body).toString())));
        response.end('{"result":"accepted"}');
      }
    };
  }

  get last(): AgentReport | undefined {
    return this.reports.at(-1);
  }

  #open(response: ServerResponse): void {
    this.#stream = response.writeHead(200);
    this.#tell();
  }

  #tell(): void {
    const state = {
      ...initialDesired,
      version: this.#version,
      maxSlots: this.#slots.length,
      slots: this.#slots,
      refused: this.#refused,
      probes: this.probes,
    };
    this.#stream?.write(`${JSON.stringify(state)}\n`);
  }

  /** These are the slots from now on; no slot will come for the containers that are `refused`. Returns the version of this state. */
  grant(slots: readonly Slot[], refused: readonly string[] = []): number {
    this.#slots = slots;
    this.#refused = refused;
    this.#version += 1;
    this.#tell();
    return this.#version;
  }
}
