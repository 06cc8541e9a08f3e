#!/bin/sh
# Launches release 7.
set -eu
root="${MLOPS_ROOT:-/opt/mlops}"
mkdir -p "$root/docker"
export DOCKER_CONFIG="$root/docker" HOME="$root"
exec 3>&1 >>"$root/launch.log" 2>&1 </dev/null

identity=7-abc
identified=
engine=
boot_log="${MLOPS_ROOT:-}/var/log/cloud-init-output.log"
patience=60
rm -rf "$root/lives" "$root/lame-ducks" "$root/asked" "$root/monitoring"
mkdir -p "$root/asked" "$root/monitoring"
fail() { # STEP CONTAINER [ANSWER]: says what failed, shows what was answered and the end of its log, and ends
  trap - EXIT
  step=$1
  # What the kernel ends for its memory has no last words; once it is started again, only docker's events tell of it.
  if [ -n "$2" ] && [ "$1" != pull ] && ran_out_of_memory "$2"; then step=memory; fi
  printf '{"ok":false,"step":"%s","container":"%s"}\n' "$step" "$2" >&3
  if [ -n "${3:-}" ]; then printf 'health check: %s\n' "$3" >&3; fi
  if [ -n "$2" ] && [ "$1" != pull ]; then docker logs --tail 20 "$2" >&3 2>&1 || true; else tail -n 20 "$root/launch.log" >&3; fi
  # Docker is installed at the first boot, and that is where it is told why it was not.
  if [ "$1" = docker ] && [ -r "$boot_log" ]; then printf 'the end of %s:\n' "$boot_log" >&3; tail -n 20 "$boot_log" >&3; fi
  exit 1
}
ran_out_of_memory() { # CONTAINER
  [ "$(docker inspect -f '{{.State.OOMKilled}}' "$1")" = true ] ||
    docker events --since 15m --until 0s --filter "container=$1" --filter event=oom --format '{{.Action}}' | grep -q oom
}
wait_for_docker() {
  deadline=$(($(date +%s) + 300))
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
  code=$(curl -sS -m 2 -o "$asked.body" -D "$asked.head" -w '%{http_code}' "http://127.0.0.9:$2$3" 2>"$asked.silence") || code=000
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
    identified="$identified${identified:+,}\"$1\""
    if says "x-lame-duck: SIGUSR2"; then printf '/%s\n' "$1" >>"$root/lame-ducks"; fi
  fi
}
says() { # HEADER: whether the last answer had this line
  tr -d '\r' <"$asked.head" | grep -qixF "$1"
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
  [ -z "$ended" ] || fail ended "$(printf '%s' "${ended%% *}" | tr -d /)"
}
behind() { # FUNCTION CONTAINER PORT PATH: brings up what nobody waits for; what came of it stands in a file at last
  begin=$1
  shift
  {
    (
      exec 3>"$root/monitoring/$1.part"
      trap "fail script $1" EXIT
      patience=180
      "$begin"
      healthy "$@"
      printf '{"ok":true}\n' >&3
      trap - EXIT
    ) &
    # Not in a condition, where sh would go on after a command that fails.
    wait "$!" || true
    mv "$root/monitoring/$1.part" "$root/monitoring/$1"
  } 3>&- &
}
secrets_ready() { # waits until every secret is there
  deadline=$(($(date +%s) + 60))
  until docker logs secrets | grep -q '^ready'; do
    [ "$(date +%s)" -lt "$deadline" ] || fail secrets secrets
    [ "$(docker inspect -f '{{.RestartCount}}' secrets)" -lt 3 ] || fail secrets secrets
    sleep 0.2
  done
}

trap 'fail script ""' EXIT
wait_for_docker
mkdir -p "$(dirname "$root/docker/config.json")"
printf '%s' '{"credHelpers":{"registry.test":"ecr-login"}}' >"$root/docker/config.json"
mkdir -p "$(dirname "$root/prometheus/targets/web.json")"
printf '%s' '[{"targets":["127.0.0.9:8001"]}]
' >"$root/prometheus/targets/web.json"
docker network create mlops || docker network inspect mlops

docker pull -q registry.test/shop/prod/secrets@sha256:1111111111111111111111111111111111111111111111111111111111111111 3>&- & pull_secrets=$!
docker pull -q registry.test/shop/prod/web@sha256:0000000000000000000000000000000000000000000000000000000000000000 3>&- & pull_web=$!
docker pull -q registry.test/shop/prod/data-store@sha256:0000000000000000000000000000000000000000000000000000000000000000 3>&- & pull_data_store=$!
wait "$pull_secrets" || fail pull secrets
wait "$pull_web" || fail pull web
wait "$pull_data_store" || fail pull data-store

docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,mode=0755 secrets-web
docker rm -f secrets || true
docker run -d --name secrets --network host --restart unless-stopped \
  --read-only --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --security-opt no-new-privileges \
  --user 0:0 --pids-limit 64 --log-opt max-size=1m --log-opt max-file=2 \
  --memory 128m --memory-swap 128m \
  -e AWS_REGION=eu-west-1 -e AWS_ENDPOINT_URL -e AWS_EC2_METADATA_SERVICE_ENDPOINT \
  --mount type=volume,src=secrets-web,dst=/run/secrets/web \
  registry.test/shop/prod/secrets@sha256:1111111111111111111111111111111111111111111111111111111111111111 \
  /run/secrets \
  web/API_KEY:1000=/shop/prod/secrets/API_KEY || fail start secrets
secrets_ready

docker rm -f data-store || true
docker run -d \
  --name data-store --network mlops --restart unless-stopped \
  --label mlops.release=$identity \
  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --memory 64m --memory-swap 64m --pids-limit 512 \
  --log-opt max-size=10m --log-opt max-file=3 \
  --user 65534:65534 \
  -p 8002:8002 \
  --mount type=volume,src=data-store,dst=/data \
  registry.test/shop/prod/data-store@sha256:0000000000000000000000000000000000000000000000000000000000000000 3>&- & run_data_store=$!
wait "$run_data_store" || fail start data-store
healthy data-store 8002 '/ready?full=1'
lives data-store >>"$root/lives"

docker rm -f web || true
docker run -d \
  --name web --network mlops --restart unless-stopped \
  --label mlops.release=$identity \
  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --memory 256m --memory-swap 256m --pids-limit 512 \
  --log-opt max-size=10m --log-opt max-file=3 \
  --user 1000:1000 \
  -p 8001:8001 \
  --mount type=volume,src=web,dst=/data \
  --mount type=volume,src=secrets-web,dst=/run/secrets,readonly \
  --mount "type=bind,src=$root/prometheus/targets,dst=/etc/prometheus/targets,readonly" \
  -e 'GREETING=it'\''s $HOME `id` "now"' \
  -e PLAIN=yes \
  registry.test/shop/prod/web@sha256:0000000000000000000000000000000000000000000000000000000000000000 3>&- & run_web=$!
wait "$run_web" || fail start web
healthy web 8001 /health
lives web >>"$root/lives"

sleep 5 3>&- & window=$!

wait "$window"
steady web 8001 /health
steady data-store 8002 '/ready?full=1'
unended
trap - EXIT
printf '{"ok":true,"engine":"%s","identified":[%s]}\n' "$engine" "$identified" >&3
