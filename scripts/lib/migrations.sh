# Sourced by scripts/test: a migration that has run on somebody's data never changes again; the next one corrects it.
# shellcheck shell=bash
#
# The list holds the frozen files with their SHA-256. Beside it, the branch that changes land on (origin/main) counts
# as frozen, wherever it is known.

released_list=migrations/released.sha256

migration_files() { find migrations/src -name 'm20*.rs' | sort; }

# The commit up to which all is landed; nothing without a remote.
landed_commit() { git merge-base HEAD refs/remotes/origin/main 2>/dev/null || true; }

is_listed() { [ -e "$released_list" ] && grep -qF "  $1" "$released_list"; }

check_released_migrations() {
  local wrong=0 landed file fresh=()
  if [ -s "$released_list" ]; then
    sha256sum --check --strict --quiet "$released_list" || wrong=1
  fi

  landed=$(landed_commit)
  if [ -n "$landed" ]; then
    local changed
    changed=$(git diff --diff-filter=a --name-status "$landed" -- 'migrations/src/**/m20*.rs' 'migrations/src/m20*.rs')
    [ -z "$changed" ] || { echo "changed since they landed:" && echo "$changed" && wrong=1; }
    # Taking a line out of the list would thaw its file.
    if git show "$landed:$released_list" 2>/dev/null | grep -vxFf <(cat "$released_list" 2>/dev/null || true); then
      echo "these lines of $released_list are gone" && wrong=1
    fi
  fi

  while IFS= read -r file; do
    is_listed "$file" && continue
    if [ -n "$landed" ] && git cat-file -e "$landed:$file" 2>/dev/null; then
      echo "$file has landed but is not in $released_list: run scripts/test --release-migrations"
      wrong=1
    else
      fresh+=("$file")
    fi
  done < <(migration_files)

  if [ $wrong -ne 0 ]; then
    echo "Migrations are only added: restore what changed and write a new file."
    return 1
  fi
  echo "$(cat "$released_list" 2>/dev/null | wc -l) frozen, ${#fresh[@]} not released yet"
}

release_migrations() {
  local file
  while IFS= read -r file; do
    is_listed "$file" && continue
    sha256sum "$file" >>"$released_list"
    echo "frozen: $file"
  done < <(migration_files)
}
