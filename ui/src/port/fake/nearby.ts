// Servers on the network of a test's own.

import type { NearbyCheck, NearbyServer } from '../../bindings';
import type { NearbyPort } from '../index';
import type { FakePort } from './index';

export class FakeNearby implements NearbyPort {
  /** Somebody looks for them. */
  watched = false;
  /** What was checked. */
  readonly asked: (string | undefined)[] = [];
  result: NearbyCheck = { networks: ['192.168.1.20/24'], tunnel: null, refused: null, heard: 4, server: null };

  constructor(private readonly port: FakePort, private servers: NearbyServer[] = []) {}

  async watch(on: boolean): Promise<void> {
    this.watched = on;
    if (on) this.port.emit({ type: 'nearby', servers: this.servers });
  }

  async check(address?: string): Promise<NearbyCheck> {
    this.asked.push(address);
    return { ...this.result, server: address ? (this.result.server ?? 'silent') : null };
  }

  /** Servers come and go. */
  see(servers: NearbyServer[]): void {
    this.servers = servers;
    if (this.watched) this.port.emit({ type: 'nearby', servers });
  }
}
