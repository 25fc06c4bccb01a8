import { type Command, commands } from "./commands.js";

/**
 * Finds the command of a cell that somebody may have meant, or returns undefined.
 *
 * One letter too many, missing, wrong, or changed places with its neighbour; case does not matter.
 */
function nearestCommand(text: string): Command | undefined {
  const given = text.trim().toUpperCase();
  const said = Object.keys(commands) as Command[];
  return said.find(
    (command) => commands[command].speaker !== "transmitter" && isNear(command, given),
  );
}

/** Builds the end of a message: "; did you mean HELO?", or nothing. */
export function didYouMeanCommand(text: string): string {
  const meant = nearestCommand(text);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

function isNear(command: string, given: string): boolean {
  let same = 0;
  while (same < command.length && command[same] === given[same]) same++;
  const rest = command.slice(same);
  const other = given.slice(same);
  return (
    rest === other.slice(1) ||
    rest.slice(1) === other ||
    rest.slice(1) === other.slice(1) ||
    (rest.length > 1 && `${rest[1]}${rest[0]}${rest.slice(2)}` === other)
  );
}
