/** One request that ended; status 0 without an answer. For a watch the seconds until its head. */
export interface ApiRequestRecord {
  verb: string;
  resource: string;
  status: number;
  seconds: number;
}

/** Told of every request, for metrics. */
export interface ApiObserver {
  request(record: ApiRequestRecord): void;
}

export const noObserver: ApiObserver = { request() {} };
