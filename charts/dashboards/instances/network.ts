import { byInstance, series } from '../panels/common.ts';
import { heatmap } from '../panels/heatmap.ts';
import { lines } from '../panels/lines.ts';
import type { Row } from '../panels/row.ts';
import { guest } from '../promql/targets.ts';
import { retransmitShare } from './overview.ts';

const perInterface = { by: ['namespace', 'instance', 'interface'] } as const;
const sent = '/ sent$/';

export const network: Row = {
  title: 'Network',
  panels: [
    lines({
      title: 'Throughput',
      text: 'Bytes a second on the wire; what is sent is drawn downwards.',
      series: [
        series(guest.rate('osv_network_receive_bytes_total', perInterface), '{{instance}} {{interface}} received'),
        series(guest.rate('osv_network_transmit_bytes_total', perInterface), '{{instance}} {{interface}} sent'),
      ],
      downwards: sent,
    }),
    lines({
      title: 'Packets',
      text: 'Frames a second; what is sent is drawn downwards. A frame of segmentation offload counts once.',
      series: [
        series(guest.rate('osv_network_receive_packets_total', perInterface), '{{instance}} {{interface}} received'),
        series(guest.rate('osv_network_transmit_packets_total', perInterface), '{{instance}} {{interface}} sent'),
      ],
      unit: 'pps',
      downwards: sent,
    }),
    lines({
      title: 'Dropped packets by reason',
      text: 'Where the guest is too slow: no_buffer and queue_full. Where somebody knocks at a closed port: no_listener.',
      series: [series(guest.rate('osv_network_drops_total', { by: ['reason'] }), '{{reason}}')],
      unit: 'pps',
    }),
    lines({
      title: 'TCP connections by state',
      text: 'Many in syn_received: the program accepts too slowly, or an attack. Many in close_wait: the program does not close.',
      series: [series(guest.value('osv_tcp_connections', { by: ['state'] }), '{{state}}')],
      stacked: true,
    }),
    lines({
      title: 'TCP connections opened',
      text: 'Accepted: opened by peers. Overflows: dropped because a listen queue was full.',
      series: [
        series(guest.rate('osv_tcp_accepted_total', { by: [] }), 'accepted'),
        series(guest.rate('osv_tcp_opened_total', { by: [] }), 'opened'),
        series(guest.rate('osv_tcp_listen_overflows_total', { by: [] }), 'listen overflows'),
      ],
    }),
    lines({
      title: 'TCP segments sent again',
      text: 'Share of the sent segments. More than one in a hundred costs throughput.',
      series: [series(retransmitShare({ by: ['namespace', 'instance'] }), byInstance)],
      thresholds: { warning: 0.01, critical: 0.05 },
    }),
    heatmap({
      title: 'TCP round trips',
      text: 'Measured by TCP: the way to the peer and back, and the time that the peer delays its acknowledgements.',
      query: guest.buckets('osv_tcp_round_trip_seconds'),
    }),
    lines({
      title: 'TCP round trips, quantiles',
      text: 'Over all chosen guests.',
      series: [0.5, 0.9, 0.99].map((q) =>
        series(guest.quantile(q, 'osv_tcp_round_trip_seconds', { by: [] }), `p${q * 100}`),
      ),
      width: 12,
    }),
    lines({
      title: 'TCP segments',
      text: 'Sent ones are drawn downwards.',
      series: [
        series(guest.rate('osv_tcp_segments_received_total', { by: [] }), 'segments received'),
        series(guest.rate('osv_tcp_segments_sent_total', { by: [] }), 'segments sent'),
      ],
      unit: 'pps',
      downwards: sent,
      width: 6,
    }),
    lines({
      title: 'TCP payload',
      text: 'Without headers and without what is sent again; sent bytes are drawn downwards.',
      series: [
        series(guest.rate('osv_tcp_received_bytes_total', { by: [] }), 'payload received'),
        series(guest.rate('osv_tcp_sent_bytes_total', { by: [] }), 'payload sent'),
      ],
      downwards: sent,
      width: 6,
    }),
    lines({
      title: 'TCP trouble',
      text: 'Out of order: loss or reordering on the way here. Challenge ACKs: segments that may be forged.',
      series: [
        series(guest.rate('osv_tcp_segments_retransmitted_total', { by: [] }), 'sent again'),
        series(guest.rate('osv_tcp_segments_out_of_order_total', { by: [] }), 'out of order'),
        series(guest.rate('osv_tcp_resets_sent_total', { by: [] }), 'resets sent'),
        series(guest.rate('osv_tcp_challenge_acks_total', { by: [] }), 'challenge ACKs'),
      ],
      unit: 'pps',
      width: 6,
    }),
    lines({
      title: 'UDP datagrams',
      text: 'Sent ones are drawn downwards.',
      series: [
        series(guest.rate('osv_udp_datagrams_received_total', { by: [] }), 'datagrams received'),
        series(guest.rate('osv_udp_datagrams_sent_total', { by: [] }), 'datagrams sent'),
      ],
      unit: 'pps',
      downwards: sent,
      width: 6,
    }),
  ],
};
