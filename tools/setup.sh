#!/usr/bin/env bash
# Lays ready what the tests use besides Rust: Mosquitto, Java with Apache Kafka's jars, a Python
# reader, and what checks the files of deploy/. Everything lands under target/; the system is never touched. Run it as often
# as you like: what is there is kept. What cannot be had is a SKIP with its reason, and a
# failure when CI=true.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
tools=$root/target/tools
unpacked=$tools/root
env_file=$tools/env
skips=$tools/skips

mkdir -p "$tools"
exec 9>"$tools/.lock"
flock 9

step() { printf 'setup: %s (%ss)\n' "$*" "$SECONDS"; }

skip() {
    printf 'SKIP %s\n' "$*"
    printf '%s\n' "$*" >>"$skips"
}

stamp_of() { cat "$@" | sha256sum | cut -c1-16; }

# Does apt know a package, at the latest after an update of its lists?
know() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    if [[ $(apt-cache policy "$1" 2>/dev/null) != *"Candidate: "[0-9]* ]]; then
        step "package lists are empty: apt-get update"
        apt-get update -qq || return 1
    fi
}

# Fetches Debian packages with what they need and this machine lacks, and unpacks them.
unpack() {
    local wanted missing
    know "$1" || return 1
    wanted=$(apt-get -s -qq install --no-install-recommends "$@") || return 1
    missing=$(awk '/^Inst/ {print $2}' <<<"$wanted")
    [ -n "$missing" ] || missing="$*" # installed, yet not where PATH finds it
    step "unpacking $(wc -w <<<"$missing") packages for $1"
    # shellcheck disable=SC2086 # one word a package
    bring $missing
}

# Fetches just these Debian packages and unpacks them.
bring() {
    local package
    mkdir -p "$tools/debs" "$unpacked"
    (cd "$tools/debs" && rm -f -- *.deb && apt-get download -qq "$@" 2>/dev/null) || return 1
    for package in "$tools"/debs/*.deb; do dpkg-deb -x "$package" "$unpacked" || return 1; done
    rm -rf "$tools/debs"
    relink
}

# Packages link to absolute paths of the system: point those that were unpacked with them here.
relink() {
    local link goal
    while IFS= read -r link; do
        goal=$(readlink "$link")
        if [ -e "$unpacked$goal" ] || [ -L "$unpacked$goal" ]; then ln -sfn "$unpacked$goal" "$link"; fi
    done < <(find "$unpacked" -type l -lname '/*' -not -lname "$unpacked/*")
}

# Where the unpacked programs find their libraries. The programs of the system do without.
library_path() {
    find "$unpacked/usr/lib" "$unpacked/lib" -maxdepth 2 -name '*.so*' -printf '%h\n' 2>/dev/null |
        sort -u | paste -sd: -
}

first_of() {
    local candidate
    for candidate in "$@"; do
        if [ -x "$candidate" ]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

set_up_mosquitto() {
    local unpacked_to=$unpacked/usr/sbin/mosquitto found
    found=$(first_of "$(command -v mosquitto || true)" /usr/sbin/mosquitto "$unpacked_to")
    if [ -z "$found" ]; then
        unpack mosquitto || { skip "mosquitto: not installed, and apt-get download did not bring it"; return; }
        found=$unpacked_to
    fi
    printf 'MOSQUITTO=%s\n' "$found" >>"$env_file"
    if [ "$found" = "$unpacked_to" ]; then
        printf 'MOSQUITTO_LIBRARIES=%s\n' "$(library_path)" >>"$env_file"
    fi
    printf 'MOSQUITTO_PASSWD=%s\n' "${found%/sbin/mosquitto}/bin/mosquitto_passwd" >>"$env_file"
    step "mosquitto: $found"
}

# Only the tool that checks configurations and rules: it needs nothing of what the server needs.
set_up_promtool() {
    local found
    found=$(first_of "$(command -v promtool || true)" "$unpacked/usr/bin/promtool")
    if [ -z "$found" ]; then
        { know prometheus && bring prometheus; } ||
            { skip "promtool: not installed, and apt-get download did not bring it"; return; }
        found=$unpacked/usr/bin/promtool
        rm -f "$unpacked/usr/bin/prometheus"
    fi
    printf 'PROMTOOL=%s\n' "$found" >>"$env_file"
    step "promtool: $found"
}

# A container may lack it; an unpacked one is shown its own units and libraries.
set_up_systemd_analyze() {
    local unpacked_to=$unpacked/usr/bin/systemd-analyze found
    found=$(first_of "$(command -v systemd-analyze || true)" "$unpacked_to")
    if [ -z "$found" ]; then
        unpack systemd || { skip "systemd-analyze: not installed, and apt-get download did not bring it"; return; }
        found=$unpacked_to
    fi
    printf 'SYSTEMD_ANALYZE=%s\n' "$found" >>"$env_file"
    if [ "$found" = "$unpacked_to" ]; then
        printf 'SYSTEMD_LIBRARIES=%s\n' "$(dirname "$(find "$unpacked" -name 'libsystemd-shared-*.so')"):$(library_path)" >>"$env_file"
        printf 'SYSTEMD_UNITS=%s\n' "$unpacked/lib/systemd/system" >>"$env_file"
    fi
    step "systemd-analyze: $found"
}

java_major() { "$1" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'; }

# Java 17 or later; sets JAVA and, for an unpacked one, its trust store.
set_up_java() {
    java=$(command -v java || true)
    if [ -n "$java" ] && [ "$(java_major "$java")" -ge 17 ] 2>/dev/null; then
        step "java: $java"
        return
    fi
    java=$(first_of "$unpacked"/usr/lib/jvm/java-17-openjdk-*/bin/java)
    if [ -z "$java" ]; then
        unpack openjdk-17-jre-headless || return 1
        java=$(first_of "$unpacked"/usr/lib/jvm/java-17-openjdk-*/bin/java)
    fi
    [ -n "$java" ] || return 1
    if [ ! -s "$tools/cacerts" ]; then
        step "trust store for the unpacked java"
        python3 "$here/kafka/truststore.py" /etc/ssl/certs/ca-certificates.crt "$tools/cacerts" || return 1
    fi
    export JAVA_HOME=${java%/bin/java}
    export MAVEN_OPTS="-Djavax.net.ssl.trustStore=$tools/cacerts -Djavax.net.ssl.trustStorePassword=changeit"
    step "java: $java"
}

set_up_maven() {
    maven=$(first_of "$(command -v mvn || true)" "$unpacked/usr/share/maven/bin/mvn")
    if [ -z "$maven" ]; then
        unpack maven || return 1
        maven=$unpacked/usr/share/maven/bin/mvn
        export M2_HOME=$unpacked/usr/share/maven
    fi
    step "maven: $maven"
}

set_up_kafka() {
    set_up_java || { skip "kafka: no Java 17, and apt-get download did not bring it"; return; }
    local jars=$tools/kafka stamp
    stamp=$(stamp_of "$here/kafka/pom.xml")
    if [ "$(cat "$jars/.stamp" 2>/dev/null)" != "$stamp" ]; then
        set_up_maven || { skip "kafka: no Maven, and apt-get download did not bring it"; return; }
        step "fetching Apache Kafka's jars"
        rm -rf "$jars"
        "$maven" -q -B -f "$here/kafka/pom.xml" dependency:copy-dependencies "-Djars=$jars" ||
            { skip "kafka: Maven did not bring the jars of tools/kafka/pom.xml"; return; }
        printf '%s' "$stamp" >"$jars/.stamp"
    fi
    printf 'JAVA=%s\nKAFKA_JARS=%s\nKAFKA_LOG4J=%s\n' "$java" "$jars" "$here/kafka/log4j2.properties" >>"$env_file"
    step "kafka: $(basename "$(find "$jars" -name 'kafka_2.13-*.jar')" .jar)"
}

set_up_python() {
    local venv=$root/target/venv stubs=$root/target/python stamp protos
    command -v python3 >/dev/null || { skip "python: no python3"; return; }
    stamp=$(stamp_of "$here/python/requirements.txt")
    if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
        step "virtual environment for reader and checkers"
        rm -rf "$venv"
        python3 -m venv "$venv" || { skip "python: python3 -m venv fails (package python3-venv?)"; return; }
        "$venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: -r "$here/python/requirements.txt" ||
            { skip "python: pip did not bring tools/python/requirements.txt"; return; }
        printf '%s' "$stamp" >"$venv/.stamp"
    fi
    mapfile -t protos < <(find -L "$root/proto" -name '*.proto' | sort)
    stamp=$(stamp_of "$here/python/requirements.txt" "${protos[@]}")
    if [ "$(cat "$stubs/.stamp" 2>/dev/null)" != "$stamp" ]; then
        step "stubs of proto/"
        rm -rf "$stubs"
        mkdir -p "$stubs"
        "$venv/bin/python" -m grpc_tools.protoc -I "$root/proto" --python_out "$stubs" --pyi_out "$stubs" \
            "${protos[@]}" || { skip "python: the stubs of proto/ cannot be made"; return; }
        printf '%s' "$stamp" >"$stubs/.stamp"
    fi
    printf 'PYTHON=%s\nPYTHON_STUBS=%s\n' "$venv/bin/python" "$stubs" >>"$env_file"
    step "python: $venv"
}

: >"$skips"
final_env=$env_file
env_file=$tools/env.new
: >"$env_file"
set_up_mosquitto
set_up_kafka
set_up_python
set_up_promtool
set_up_systemd_analyze
mv "$env_file" "$final_env"

if [ -s "$skips" ] && [ "${CI:-}" = true ]; then
    printf 'setup: CI accepts no SKIP\n'
    exit 1
fi
step "done"
