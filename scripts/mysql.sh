#!/usr/bin/env bash
# A private MySQL server for the tests: `scripts/mysql.sh start [PORT]` and `scripts/mysql.sh stop`.
#
# Debian's stable releases have MariaDB only. This script downloads mysql-server-core of Debian sid, with the libraries
# that it needs, into .cache/mysql and runs it there. The machine's packages, apt sources and services are not changed.
# It downloads 60 MB once. root has no password, so the server listens on 127.0.0.1 only. All data is disposable.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/.cache/mysql
tree=$home/tree # what the packages contain
data=$home/data
pid_file=$home/mysqld.pid
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    printf 'MySQL: %s\n' "$1" >&2
    echo "Set MYSQL_URL to the address of another MySQL server, for example mysql://root@127.0.0.1:3306/lms." >&2
    exit 1
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

runs() { [ -f "$pid_file" ] && kill -0 "$(<"$pid_file")" 2>/dev/null; }

# apt with its own sources, lists and package database, in which only perl is installed. So it downloads every library,
# also the C library, because the machine's may be too old. Only the scripts of the packages need perl.
download() {
    local apt=$home/apt mirror
    mirror=$(sed -nE 's#^(URIs:|deb( +\[[^]]*\])?) +(https?://[^ ]+/debian/?)( .*)?$#\3#p' \
        /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | head -n 1) || true
    rm -rf "$apt"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    echo "deb [signed-by=$keyring] ${mirror:-http://deb.debian.org/debian} sid main" >"$apt/sources.list"
    printf '%s\n' "Package: perl" "Status: install ok installed" "Architecture: amd64" "Multi-Arch: allowed" \
        "Version: 99" "Maintainer: nobody" "Description: none" >"$apt/status"
    local options=(
        -qq -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
        -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::Cache::archives=$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3
    )
    apt-get "${options[@]}" update || fail "apt cannot read the package list of Debian sid."
    apt-get "${options[@]}" --yes --no-install-recommends --download-only install mysql-server-core ||
        fail "Debian sid's mysql-server-core cannot be downloaded today."
}

unpack() {
    local package
    rm -rf "$tree" "$tree.new"
    mkdir "$tree.new"
    for package in "$home"/apt/archives/*.deb; do
        # /lib is a link to /usr/lib on Debian, but some packages still contain the former.
        dpkg-deb --fsys-tarfile "$package" | tar --extract --directory="$tree.new" --exclude=./usr/share/doc \
            --exclude=./usr/share/locale --exclude=./usr/share/man --transform='s#^\./\(lib\|lib64\|sbin\|bin\)/#./usr/\1/#'
    done
    rm -rf "$home/apt"
    mv "$tree.new" "$tree" # last, so that a tree is always complete
}

# The packages' own loader, because the machine's C library may be too old.
run_mysqld() {
    local libraries=$tree/usr/lib/x86_64-linux-gnu
    exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/private" "$tree/usr/sbin/mysqld" \
        --no-defaults --user="$(id -un)" --basedir="$tree/usr" --datadir="$data" \
        --plugin-dir="$tree/usr/lib/mysql/plugin" --lc-messages-dir="$tree/usr/share/mysql" \
        --character-sets-dir="$tree/usr/share/mysql/charsets" "$@"
}

start() {
    local port=$1
    if runs && answers "$port"; then return; fi
    answers "$port" && fail "another server already answers at 127.0.0.1:$port."
    if [ ! -d "$tree" ]; then
        [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && [ -f "$keyring" ] ||
            fail "this script needs Debian on amd64 to download the server."
        mkdir -p "$home"
        download
        unpack
    fi
    if [ ! -d "$data/mysql" ]; then
        rm -rf "$data"
        (run_mysqld --initialize-insecure --log-error="$home/initialize.log") ||
            fail "the server cannot create its data: $(tail -n 5 "$home/initialize.log")"
    fi
    # Data that nobody keeps is not flushed to the disk at each commit.
    (run_mysqld --bind-address=127.0.0.1 --port="$port" --socket="$home/mysqld.sock" --pid-file="$pid_file" \
        --mysqlx=OFF --secure-file-priv=NULL --skip-log-bin --performance-schema=OFF --innodb-doublewrite=OFF \
        --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=256M \
        --log-error="$home/mysqld.log" </dev/null >/dev/null 2>&1) &
    local server=$!
    for _ in $(seq 300); do
        answers "$port" && return
        kill -0 "$server" 2>/dev/null || break
        sleep 0.2
    done
    fail "the server does not start: $(tail -n 5 "$home/mysqld.log")"
}

stop() {
    runs || return 0
    local server
    server=$(<"$pid_file")
    kill "$server"
    while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
}

case ${1:-} in
    start) start "${2:-13306}" ;;
    stop) stop ;;
    *)
        echo "usage: scripts/mysql.sh start [PORT] | stop" >&2
        exit 2
        ;;
esac
