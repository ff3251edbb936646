"""``scalingbench hub``: the data set on the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scalingbench.cli.console import print_answer, say, split_names
from scalingbench.cli.envelope import print_json
from scalingbench.cli.options import Collections, Json
from scalingbench.common.defaults import DEFAULT_SUITE

app = typer.Typer(no_args_is_help=True, help="Build, check, push and pull the data set on the Hugging Face Hub.")

Folder = Annotated[Path, typer.Argument(help="A folder written by 'scalingbench hub build' or 'pull'.")]
Repo = Annotated[str, typer.Option("--repo", help="owner/name on the Hub.")]


@app.command()
def build(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")], collections: Collections = None, as_json: Json = False
) -> None:
    """Write the data-set repository: tables, tasks, card, Croissant metadata, checksums."""
    from scalingbench.benchmark.hub.build import build as build_folder

    files = len(build_folder(out, collections=split_names(collections)))
    print_answer("hub build", {"out": str(out), "files": files}, f"{out}: {files} files", as_json)


@app.command()
def validate(
    folder: Folder,
    load: Annotated[bool, typer.Option(help="Load every collection with the datasets library.")] = True,
    as_json: Json = False,
) -> None:
    """Check a folder: checksums, schema, equality with the package, card, Croissant, loading."""
    from scalingbench.benchmark.hub.validate import validate_folder

    passed: list[str] = []
    validate_folder(folder, load=load, say=passed.append if as_json else print)
    if as_json:
        print_json("hub validate", {"folder": str(folder), "passed": passed})


@app.command()
def push(
    folder: Folder,
    repo: Repo,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead of committing.")] = False,
    revision: Annotated[str | None, typer.Option("--revision", help="Tag to give the commit.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would change (offline: every file).")] = False,
    as_json: Json = False,
) -> None:
    """Upload a folder in one commit."""
    from scalingbench.benchmark.hub.client import hub_is_reachable, list_changes
    from scalingbench.benchmark.hub.client import push as push_folder
    from scalingbench.benchmark.hub.validate import check_files

    if dry_run:
        check_files(folder)
        reachable = hub_is_reachable()
        if not reachable:
            say("the Hub cannot be reached: every file is listed, compared with none")
        changes = list_changes(folder, repo, compare=reachable)
        print_answer("hub push", {"repo": repo, "changes": changes}, "\n".join(changes) or "nothing to change", as_json)
        return
    pushed = str(push_folder(folder, repo, create_pr=create_pr, revision=revision))
    print_answer("hub push", {"repo": repo, "pushed": pushed}, pushed, as_json)


@app.command()
def pull(
    repo: Repo,
    revision: Annotated[str, typer.Option("--revision", help="Tag or commit.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("hub"),
    collections: Collections = None,
    as_json: Json = False,
) -> None:
    """Download a revision and check every file."""
    from scalingbench.benchmark.hub.client import pull as pull_folder

    folder = pull_folder(repo, revision, out, collections=split_names(collections))
    print_answer("hub pull", {"folder": str(folder)}, f"{folder}: complete", as_json)


@app.command("push-results")
def push_results(
    repo: Repo,
    results: Annotated[Path | None, typer.Option("--results", help="Folder of result files; by default the committed ones.")] = None,
    suite: Annotated[str, typer.Option("--suite", help="Suite of the results.")] = DEFAULT_SUITE,
    as_json: Json = False,
) -> None:
    """Upload result files, from which the board can be recomputed."""
    from scalingbench.benchmark.hub.client import push_results as push_folder
    from scalingbench.leaderboard.committed import committed_folder

    pushed = str(push_folder(results or committed_folder(suite), suite, repo))
    print_answer("hub push-results", {"repo": repo, "pushed": pushed}, pushed, as_json)
