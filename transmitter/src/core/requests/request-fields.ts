import { checkService, type FieldMap, MeshError, ownField } from "@thynapse/protocol";

/** The data of a request: a map; null is an empty one. @throws {MeshError} `BAD_PAYLOAD` */
export function readData(data: unknown): FieldMap {
  if (data === null) return {};
  // Bytes and times are objects, too, each of a class of its own.
  if (typeof data === "object" && Object.getPrototypeOf(data) === Object.prototype) {
    return data as FieldMap;
  }
  throw new MeshError("BAD_PAYLOAD", "the data of a request must be a map or null");
}

/** The service that is asked about; `undefined`: all. @throws {MeshError} `BAD_SERVICE` */
export function readService(data: FieldMap): string | undefined {
  const service = ownField(data, "service") ?? undefined;
  return service === undefined ? undefined : checkService(service);
}

/** Whether all transmitters are asked. @throws {MeshError} `BAD_PAYLOAD` */
export function readAll(data: FieldMap): boolean {
  const all = ownField(data, "all") ?? false;
  if (typeof all !== "boolean") throw new MeshError("BAD_PAYLOAD", "all must be true or false");
  return all;
}
