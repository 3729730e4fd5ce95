"""A DAG of Airflow: one job a night; the night's logical date names the run, so that a retry goes on with it."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task


@dag(schedule="30 2 * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def graphgrow_silk() -> None:
    """Grow the graph of the job `silk` every night."""

    @task.bash(
        retries=3,
        retry_delay=timedelta(minutes=10),
        cwd="/srv/graphs",
    )
    def grow() -> str:
        """Exit codes: 0 done, 4 the run failed, 75 another machine works on the graph; the last two are tried again."""
        return "graphgrow batch run jobs.toml --only silk --due {{ ts }} --json"

    grow()


graphgrow_silk()
