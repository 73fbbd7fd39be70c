//! `vigie-worker`: the worker and the operator's tool.

use clap::Parser;
use std::io::{BufReader, ErrorKind, Write};
use std::process::ExitCode;
use vigie_composition::Config;
use vigie_worker::{Cli, Command, CommandError, DEFAULT_FILTER, execute, start_log};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match Box::pin(run(cli)).await {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to tell a closed standard error.
            let _ = writeln!(std::io::stderr(), "vigie-worker: {}", error.explained());
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    let config = Config::load(cli.config.as_deref())?;
    let filter =
        if matches!(cli.command, Command::Run) { config.log.filter.as_str() } else { DEFAULT_FILTER };
    start_log(config.log.format, filter)?;
    let answer = execute(cli.command, config, BufReader::new(std::io::stdin())).await?;
    let text = if cli.json { format!("{:#}\n", answer.json) } else { answer.text };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.map_err(CommandError::Output)?,
    }
    Ok(ExitCode::from(answer.exit.code()))
}
