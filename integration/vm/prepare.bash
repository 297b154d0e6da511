# What a virtual machine needs: qemu, busybox, a kernel. Sourced by `run`, which defines say and die.
# All of it is taken from Debian packages unpacked into a cache of ours; the machine's own packages, apt lists and sources
# stay as they are. Every part of the cache appears whole (made aside, then renamed) or not at all.
# shellcheck shell=bash disable=SC2154 # kernel, systemd and memory are the options of `run`

cache=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/pinfold/vm

# Modules without which the guest does not reach its command; a kernel may have any of them built in.
boot_modules=(virtio_pci virtio-rng 9p 9pnet_virtio overlay)

# Prints the qemu to use, or nothing. Debian 12's 7.2 does not do: forks take twice as long in it.
find_qemu() {
    local candidate version
    for candidate in "$(command -v qemu-system-x86_64)" "$cache/qemu/qemu"; do
        version=$("$candidate" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9]*\)\..*/\1/p') || continue
        if ((${version:-0} >= 10)); then
            echo "$candidate"
            return
        fi
    done
}

# The archives that this machine's apt is set up with and that have a suite $1 with the component main, one a line, then the others.
# Read from the source lists: `indextargets` knows nothing before the first `apt-get update`. Which of them is Debian's is
# decided by Debian's signature, not by name.
archives() {
    apt-get update --print-uris -o Debug::NoLocking=true 2>/dev/null | awk -v own="$1" '
        # 'URI/dists/SUITE/main/binary-ARCHITECTURE/Packages.xz' FILE SIZE
        {
            split($1, quoted, "\047")
            if (!match(quoted[2], "/dists/[^/]+/main/binary-[^/]+/")) next
            archive = substr(quoted[2], 1, RSTART - 1)
            split(substr(quoted[2], RSTART), parts, "/")
            if (parts[3] ~ /-/ || seen[archive, parts[3] == own]++) next
            if (parts[3] == own) print archive; else others[++count] = archive
        }
        END { for (i = 1; i <= count; i++) if (!seen[others[i], 1]) print others[i] }'
}

apt_private() {
    local tool=$1
    shift
    "apt-$tool" -c="$cache/apt/apt.conf" "$@"
}

# Fetches the package lists of Debian suites into a folder of ours, for apt_private to work on.
list_suites() {
    local folder=$cache/apt key=/usr/share/keyrings/debian-archive-keyring.gpg
    [[ -r $key ]] && key="[signed-by=$key]" || key=
    mkdir -p "$folder"/{lists,cache/archives}/partial "$folder/none"
    # Hooks of the machine (an image's that empty its caches, a desktop's that call a daemon) are not for these lists.
    cat >"$folder/apt.conf" <<EOF
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "$folder/none";
Dir::Etc::preferences "$folder/preferences";
Dir::Etc::preferencesparts "$folder/none";
Dir::State::lists "$folder/lists";
Dir::Cache "$folder/cache";
APT::Sandbox::User "$(id -un)";
Debug::NoLocking "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
    # Backports as good as the rest: the newest version wins.
    printf '%s\n' 'Package: *' 'Pin: release o=Debian*' 'Pin-Priority: 500' >"$folder/preferences"
    printf "deb $key $archive %s main\n" "$@" >"$folder/sources.list"
    apt_private get update -qq >"$folder/update.log" 2>&1
}

# Sets archive to the first that has Debian's package lists for this machine's own release, with backports where there are any.
list_own_suites() {
    local own candidates
    command -v apt-get >/dev/null || die "no apt-get to fetch the virtual machine's parts with"
    own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mapfile -t candidates < <(archives "$own")
    for archive in "${candidates[@]}"; do
        if list_suites "$own" "$own-backports" || list_suites "$own"; then return; fi
    done
    ((${#candidates[@]})) ||
        die "the apt sources of this machine name no Debian archive to fetch the virtual machine's parts from"
    die "cannot list the packages of $own: $(tail -n 3 "$cache/apt/update.log")"
}

# Sets release to the newest full kernel (the cloud one lacks 9p) in the lists whose version starts with $kernel.
find_release() {
    # From 6.19 on linux-binary and linux-modules hold the files; an archive keeps the former long after the latter.
    local version=${kernel%-amd64}
    release=$(apt_private cache pkgnames linux- |
        sed -n "s/^linux-\(image\|binary\|modules\)-\(${version//./\\.}\([.+-].*\)\?-amd64\)$/\2 \1/p" |
        grep -v -e '-cloud-' -e '-rt-' | sort -V |
        awk '{ has[$1, $2] } $2 == "modules" || $2 == "image" { releases[++count] = $1 }
            END {
                while (count && (releases[count], "binary") in has && !((releases[count], "modules") in has)) count--
                print releases[count]
            }')
    [[ -n $release ]]
}

# What this machine's own release does not have is taken from Debian's others.
find_release_anywhere() {
    find_release && return
    list_suites bookworm bookworm-backports trixie trixie-backports sid ||
        die "cannot list the packages of Debian's other releases: $(tail -n 3 "$cache/apt/update.log")"
    find_release || die "Debian has no kernel $kernel: apt-cache -c=$cache/apt/apt.conf pkgnames linux-image- lists them"
}

# unpack FOLDER: every package in it, into FOLDER/files, less what no guest of ours looks at.
unpack() {
    local package
    mkdir -p "$1/files"
    for package in "$1"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$1/files" \
            --exclude='*/kernel/sound' --exclude='*/usr/share/doc' --exclude='*/usr/share/man' --exclude='*/System.map-*'
        rm "$package"
    done
}

download() {
    local folder=$1
    shift
    (cd "$folder" && apt_private get download -qq "$@") >"$cache/apt/download.log" 2>&1 ||
        die "cannot download $*: $(tail -n 3 "$cache/apt/download.log")"
    unpack "$folder"
}

prepare_busybox() {
    local folder
    folder=$(mktemp -d "$cache/new.XXXXXX")
    download "$folder" busybox-static
    # Debian is moving /bin below /usr.
    mv "$(find "$folder/files" -path '*/bin/busybox' -type f)" "$cache/busybox"
    rm -r "$folder"
}

# qemu and those of its libraries that the machine does not have, at a place of their own.
prepare_qemu() {
    local folder
    say "fetching qemu"
    folder=$(mktemp -d "$cache/new.XXXXXX")
    mkdir "$folder/partial"
    apt_private get install -y -qq --download-only --no-install-recommends -o Dir::Cache::archives="$folder" \
        qemu-system-x86 >"$cache/apt/download.log" 2>&1 || die "cannot download qemu: $(tail -n 3 "$cache/apt/download.log")"
    unpack "$folder"
    cat >"$folder/qemu" <<'EOF'
#!/bin/sh
files=$(dirname "$(realpath "$0")")/files
libraries=x86_64-linux-gnu
export LD_LIBRARY_PATH="$files/usr/lib/$libraries:$files/lib/$libraries" QEMU_MODULE_DIR="$files/usr/lib/$libraries/qemu"
exec "$files/usr/bin/qemu-system-x86_64" -L "$files/usr/share/seabios" -L "$files/usr/share/qemu" "$@"
EOF
    chmod -R u=rwX,go=rX "$folder"
    chmod 755 "$folder/qemu"
    "$folder/qemu" --version >/dev/null || die "the qemu that was fetched does not start here"
    rm -rf "$cache/qemu"
    mv "$folder" "$cache/qemu"
    [[ -n $(find_qemu) ]] || die "needs qemu 10 or later; this machine's apt sources have $("$cache/qemu/qemu" --version | head -n 1)"
}

# Prints the modules that $2… need and themselves, each after those it needs, as paths below $1.
load_order() {
    local modules=$1
    shift
    awk -v wanted="$*" -v builtin="$modules/modules.builtin" '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        function visit(module, part, parts, count) {
            if (seen[module]++) return
            count = split(needs[module], parts, " ")
            for (part = 1; part <= count; part++) visit(name(parts[part]))
            print path[module]
        }
        { sub(/:$/, "", $1); module = name($1); path[module] = $1; $1 = ""; needs[module] = $0 }
        END {
            while ((getline line < builtin) > 0) isBuiltin[name(line)] = 1
            count = split(wanted, list, " ")
            for (i = 1; i <= count; i++) {
                module = name(list[i])
                if (module in path) visit(module)
                else if (!(module in isBuiltin)) { print "no module " module > "/dev/stderr"; exit 1 }
            }
        }' "$modules/modules.dep"
}

# Puts the kernel into the cache: vmlinuz, modules/ (the tree, less the drivers of hardware) and boot/ (what the guest's
# initramfs loads, numbered in order).
prepare_kernel() {
    local folder modules package packages=() number=100 order module image kernels=$cache/kernels
    find_release_anywhere
    if [[ ! -e $kernels/$release ]]; then
        say "fetching Linux $release"
        mkdir -p "$kernels"
        folder=$(mktemp -d "$cache/new.XXXXXX")
        # From 6.19 on the image package is empty, and three others hold its files.
        for package in image binary base modules; do
            package=linux-$package-$release
            if apt_private cache madison "$package" | grep -q .; then packages+=("$package"); fi
        done
        download "$folder" "${packages[@]}"
        # /boot/vmlinuz-RELEASE, later /usr/lib/modules/RELEASE/vmlinuz.
        image=$(find "$folder/files" -name 'vmlinuz*' -type f)
        modules=$(find "$folder/files" -path "*/lib/modules/$release" -type d)
        [[ -f $image && -d $modules ]] || die "no kernel and modules where they are expected in ${packages[*]}"
        find "$modules/kernel/drivers" -mindepth 1 -maxdepth 1 \
            ! -name block ! -name char ! -name net ! -name virtio -exec rm -r {} +
        find "$modules/kernel/drivers/net" -mindepth 1 -maxdepth 1 -type d -exec rm -r {} +
        find "$modules" -name '*.ko.xz' -print0 | xargs -0 -r "$cache/busybox" unxz
        # The packages leave the index to their installation. depmod wants lib/modules/RELEASE.
        mkdir -p "$folder/index/lib/modules"
        mv "$image" "$folder/vmlinuz"
        mv "$modules" "$folder/index/lib/modules/$release"
        modules=$folder/index/lib/modules/$release
        "$cache/busybox" depmod -b "$folder/index" "$release" || die "cannot index the modules of Linux $release"
        mkdir "$folder/boot"
        order=$(load_order "$modules" "${boot_modules[@]}") || die "Linux $release lacks what its guest needs to start"
        for module in $order; do
            cp "$modules/$module" "$folder/boot/$((number += 1))-${module##*/}"
        done
        mv "$modules" "$folder/modules"
        rm -r "$folder/files" "$folder/index"
        chmod -R u=rwX,go=rX "$folder"
        mv -T "$folder" "$kernels/$release"
    fi
    [[ $kernel == "$release" ]] || ln -sfn "$release" "$kernels/$kernel"
}

# systemd must be among the machine's files to run in the guest, so this one is installed.
missing_systemd() {
    [[ -n $systemd && ! -x $systemd ]]
}

prepare_systemd() {
    local as_root=() install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
        -o DPkg::Lock::Timeout=600 systemd dbus)
    [[ $EUID == 0 ]] || as_root=(sudo -n)
    say "installing systemd and dbus"
    # Without lists, or with old ones, the first try fails.
    "${as_root[@]}" "${install[@]}" >"$cache/install.log" 2>&1 ||
        { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" "${install[@]}"; } >>"$cache/install.log" 2>&1 ||
        die "cannot install systemd and dbus: $(tail -n 3 "$cache/install.log")"
}

is_prepared() {
    [[ -x $cache/busybox && -e $cache/kernels/$kernel/vmlinuz && -n $(find_qemu) ]] && ! missing_systemd
}

# Calls $1 while no other run of ours changes the cache.
locked() {
    local lock
    mkdir -p "$cache"
    exec {lock}>"$cache/lock"
    flock -n "$lock" || {
        say "waiting for another run that fills $cache"
        flock "$lock"
    }
    "$1"
    exec {lock}>&-
}

prepare_missing() {
    # What a killed run left half made.
    rm -rf "$cache"/new.*
    if [[ ! -x $cache/busybox || ! -e $cache/kernels/$kernel/vmlinuz || -z $(find_qemu) ]]; then
        list_own_suites
        [[ -x $cache/busybox ]] || prepare_busybox
        [[ -n $(find_qemu) ]] || prepare_qemu
        [[ -e $cache/kernels/$kernel/vmlinuz ]] || prepare_kernel
    fi
    ! missing_systemd || prepare_systemd
}

# Makes everything ready. Of several runs at the same time one works, the others wait and find it done.
prepare() {
    is_prepared || locked prepare_missing
}

check_obtainable() {
    list_own_suites
    find_release_anywhere
    echo "a virtual machine can run here, once Linux $release and what else is missing has been fetched"
}

# Says in one line whether a machine can run here, and exits 1 if not. What is missing must be there to fetch.
check() {
    local available needed=$((memory + 256))
    available=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
    ((available >= needed)) || die "not enough memory: the guest takes $needed MiB, $available MiB are available"
    if missing_systemd && [[ $EUID != 0 ]] && ! sudo -n true 2>/dev/null; then
        die "systemd is not installed here, and this is neither root nor may it use sudo to install it"
    fi
    if is_prepared; then
        local found
        found=$(find_qemu)
        echo "a virtual machine can run here: Linux $(basename "$(realpath "$cache/kernels/$kernel")"), $("$found" --version | head -n 1)"
    else
        locked check_obtainable
    fi
}
