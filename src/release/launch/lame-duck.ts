/**
 * What services/kit answers with that takes the signal by which it lets its clients go (services/kit/lame-duck.ts). A
 * process that does not take it would be ended, so the launch writes down who has said so.
 */
export const lameDuckHeader = 'x-lame-duck: SIGUSR2'

/**
 * Tells the services of the release that runs on a machine to let their clients go. It signals containers that answered
 * their launch with that header, by their ids, and no others; its output is their names.
 */
export const lameDuckScript = `#!/bin/sh
root="\${MLOPS_ROOT:-/opt/mlops}"
[ -s "$root/lame-ducks" ] || exit 0
while read -r name _ _ _ _ id; do
  if [ -n "$id" ] && grep -qxF "$name" "$root/lame-ducks" && docker kill -s USR2 "$id" >&2; then printf '%s\\n' "\${name#/}"; fi
done <"$root/lives"
`
