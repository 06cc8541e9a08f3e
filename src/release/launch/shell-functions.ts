import { lameDuckHeader } from './lame-duck.ts'
import type { Launch } from './script-input.ts'

/** How long docker may take to come up (its installation included), in seconds. */
const dockerPatience = 300
/** How long a service may take to become healthy, in seconds. */
const healthPatience = 60
/**
 * How long a server of monitoring may take: nobody waits for it, and Grafana lays out its database at its first start.
 */
const monitoringPatience = 180
/** How many of a container's last log lines a failure shows. */
const logLines = 20

/** The functions that the commands of a launch script call. */
export function shellFunctions({ address, identity }: Launch): string {
  return `identity=${identity}
identified=
engine=
boot_log="\${MLOPS_ROOT:-}/var/log/cloud-init-output.log"
patience=${healthPatience}
rm -rf "$root/lives" "$root/lame-ducks" "$root/asked" "$root/monitoring"
mkdir -p "$root/asked" "$root/monitoring"
fail() { # STEP CONTAINER [ANSWER]: says what failed, shows what was answered and the end of its log, and ends
  trap - EXIT
  step=$1
  # What the kernel ends for its memory has no last words; once it is started again, only docker's events tell of it.
  if [ -n "$2" ] && [ "$1" != pull ] && ran_out_of_memory "$2"; then step=memory; fi
  printf '{"ok":false,"step":"%s","container":"%s"}\\n' "$step" "$2" >&3
  if [ -n "\${3:-}" ]; then printf 'health check: %s\\n' "$3" >&3; fi
  if [ -n "$2" ] && [ "$1" != pull ]; then docker logs --tail ${logLines} "$2" >&3 2>&1 || true; else tail -n ${logLines} "$root/launch.log" >&3; fi
  # Docker is installed at the first boot, and that is where it is told why it was not.
  if [ "$1" = docker ] && [ -r "$boot_log" ]; then printf 'the end of %s:\\n' "$boot_log" >&3; tail -n ${logLines} "$boot_log" >&3; fi
  exit 1
}
ran_out_of_memory() { # CONTAINER
  [ "$(docker inspect -f '{{.State.OOMKilled}}' "$1")" = true ] ||
    docker events --since 15m --until 0s --filter "container=$1" --filter event=oom --format '{{.Action}}' | grep -q oom
}
wait_for_docker() {
  deadline=$(($(date +%s) + ${dockerPatience}))
  # Some versions say nothing, and call it a success, while the engine does not run.
  until engine=$(docker info -f '{{.ServerVersion}}') && [ -n "$engine" ]; do
    # The first boot has ended, and not well: nothing will install docker any more.
    case "$(cat "$root/boot" 2>/dev/null || true)" in '' | 0) ;; *) fail docker "" ;; esac
    [ "$(date +%s)" -lt "$deadline" ] || fail docker ""
    sleep 1
  done
}
ask() { # CONTAINER PORT PATH: whether it answers 200
  asked=$root/asked/$1
  : >"$asked.body"
  code=$(curl -sS -m 2 -o "$asked.body" -D "$asked.head" -w '%{http_code}' "http://${address}:$2$3" 2>"$asked.silence") || code=000
  [ "$code" = 200 ]
}
answer() { # what came when it was asked last, in one line
  if [ "$code" = 000 ]; then tail -n 1 "$asked.silence"; else printf 'HTTP %s %s' "$code" "$(head -c 300 "$asked.body" | tr -s '[:cntrl:]' ' ')"; fi
}
healthy() { # CONTAINER PORT PATH: waits until it answers 200
  deadline=$(($(date +%s) + patience))
  tries=0
  until ask "$@"; do
    [ "$(date +%s)" -lt "$deadline" ] || fail health "$1" "$(answer)"
    tries=$((tries + 1))
    # A container that keeps ending will not get healthy: there is no use in waiting.
    if [ $((tries % 10)) -eq 0 ] && [ "$(docker inspect -f '{{.RestartCount}}' "$1")" -ge 3 ]; then fail start "$1"; fi
    sleep 0.1
  done
  if says "x-release-id: $identity"; then
    identified="$identified\${identified:+,}\\"$1\\""
    if says "${lameDuckHeader}"; then printf '/%s\\n' "$1" >>"$root/lame-ducks"; fi
  fi
}
says() { # HEADER: whether the last answer had this line
  tr -d '\\r' <"$asked.head" | grep -qixF "$1"
}
lives() { # CONTAINER…: since when each of them runs, and how often it had to be started again
  docker inspect -f '{{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}} {{.State.OOMKilled}} {{.Id}}' "$@"
}
steady() { # CONTAINER PORT PATH: that it still answers 200
  tries=0
  until ask "$@"; do
    unended
    tries=$((tries + 1))
    [ "$tries" -lt 3 ] || fail unsteady "$1" "$(answer)"
    sleep 0.5
  done
}
unended() { # that no container has ended since it was healthy
  lives $(cut -d ' ' -f 1 "$root/lives" | tr -d /) >"$root/lives.now" || true
  ended=$(grep -vxF -f "$root/lives.now" "$root/lives" | head -n 1)
  [ -z "$ended" ] || fail ended "$(printf '%s' "\${ended%% *}" | tr -d /)"
}
behind() { # FUNCTION CONTAINER PORT PATH: brings up what nobody waits for; what came of it stands in a file at last
  begin=$1
  shift
  {
    (
      exec 3>"$root/monitoring/$1.part"
      trap "fail script $1" EXIT
      patience=${monitoringPatience}
      "$begin"
      healthy "$@"
      printf '{"ok":true}\\n' >&3
      trap - EXIT
    ) &
    # Not in a condition, where sh would go on after a command that fails.
    wait "$!" || true
    mv "$root/monitoring/$1.part" "$root/monitoring/$1"
  } 3>&- &
}
secrets_ready() { # waits until every secret is there
  deadline=$(($(date +%s) + ${healthPatience}))
  until docker logs secrets | grep -q '^ready'; do
    [ "$(date +%s)" -lt "$deadline" ] || fail secrets secrets
    [ "$(docker inspect -f '{{.RestartCount}}' secrets)" -lt 3 ] || fail secrets secrets
    sleep 0.2
  done
}`
}
