import { describe, expect, it } from 'vitest';
import { pathBelowMount, placeOf } from './cgroup-path.ts';

const id = '0123456789abcdef'.repeat(4);
const uid = '6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d';
const slice = uid.replaceAll('-', '_');

describe('placeOf', () => {
  it.each([
    [`/kubepods/burstable/pod${uid}/${id}`, { level: 'container', podUid: uid, containerId: id }],
    [`/kubepods/pod${uid}/${id}`, { level: 'container', podUid: uid, containerId: id }],
    [`/wsp/kubepods/besteffort/pod${uid}/${id}`, { level: 'container', podUid: uid, containerId: id }],
    [`/kubepods/burstable/pod${uid}/crio-${id}`, { level: 'container', podUid: uid, containerId: id }],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${slice}.slice/cri-containerd-${id}.scope`,
      { level: 'container', podUid: uid, containerId: id },
    ],
    [
      `/kubepods.slice/kubepods-pod${slice}.slice/docker-${id}.scope`,
      { level: 'container', podUid: uid, containerId: id },
    ],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${slice}.slice/crio-${id}.scope/container`,
      { level: 'nested', podUid: uid, containerId: id },
    ],
    [
      `/docker/${id}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${slice}.slice/cri-containerd-${id}.scope`,
      { level: 'container', podUid: uid, containerId: id },
    ],
    [`/kubepods/burstable/pod${'ab'.repeat(16)}`, { level: 'pod', podUid: 'ab'.repeat(16) }],
    ['/wsp.slice/wsp-kubepods.slice/wsp-kubepods-burstable.slice', { level: 'qos' }],
    ['/kubepods', { level: 'kubepods' }],
    [`/kubepods.slice/kubepods-pod${slice}.slice/crio-conmon-${id}.scope`, { level: 'other' }],
    [`/kubepods.slice/kubepods-pod${slice}.slice/crio-${id}`, { level: 'other' }],
    [`/system.slice/docker-${id}.scope`, { level: 'other' }],
    ['/kubepods/burstable/podnonsense', { level: 'other' }],
    ['/', { level: 'other' }],
  ])('%s', (path, place) => expect(placeOf(path)).toEqual(place));
});

describe('pathBelowMount', () => {
  it.each([
    ['/kubepods', `/kubepods/pod${uid}`, `/kubepods/pod${uid}`],
    ['/kubepods', `/docker/${id}/kubepods/pod${uid}`, `/kubepods/pod${uid}`],
    // A node in a container of another cluster.
    ['/kubepods', `/kubepods/pod${slice}/${id}/kubepods/pod${uid}`, `/kubepods/pod${uid}`],
    ['/wsp/kubepods', `/wsp/kubepods/pod${uid}`, `/wsp/kubepods/pod${uid}`],
    ['/wsp/kubepods', `/other/kubepods/pod${uid}`, `/other/kubepods/pod${uid}`],
  ])('below %s, %s is %s', (kubepods, path, local) => expect(pathBelowMount(path, kubepods)).toBe(local));
});
