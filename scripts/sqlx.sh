#!/usr/bin/env bash
# make sqlx: writes .sqlx/ anew, from the queries in the code and the schema in migrations/.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

need_tools
scratch_cluster
mkdir "$SCRATCH/queries"
describe_queries "$SCRATCH/queries"
rm -rf .sqlx
mkdir .sqlx
cp "$SCRATCH"/queries/*.json .sqlx/
say ".sqlx/ now describes $(find .sqlx -name '*.json' | wc -l) queries."
