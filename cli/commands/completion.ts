import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';

const examples = `
Examples:
  osv completion bash > ~/.local/share/bash-completion/completions/osv
  osv completion zsh > "\${fpath[1]}/_osv"
  osv completion fish > ~/.config/fish/completions/osv.fish
`;

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** Commands whose arguments are names of instances, and how the shell asks for these. */
const takesInstances = new Set(['logs', 'top', 'stop', 'rm']);
const namesCommand = 'osv ps -a -o name 2>/dev/null';

export function define(command: Command, context: Context): void {
  command
    .addArgument(command.createArgument('<shell>', 'the shell').choices(shells))
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (shell: Shell) => {
      const { buildProgram } = await import('../program.ts');
      const program = await buildProgram([], context, true);
      context.stdout.write({ bash: bashScript, zsh: zshScript, fish: fishScript }[shell](wordsOf(program)));
    });
}

interface CommandWords {
  name: string;
  summary: string;
  flags: string[];
}

function wordsOf(program: Command): CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    flags: [...command.options, new Option('--help')].flatMap((option) => option.long ?? option.short ?? []),
  }));
}

function bashScript(commands: CommandWords[]): string {
  const cases = commands.map(({ name, flags }) => {
    const names = takesInstances.has(name) ? ` $(${namesCommand})` : '';
    return `    ${name}) COMPREPLY=($(compgen -W "${flags.join(' ')}${names}" -- "$word")) ;;`;
  });
  return `# bash completion for osv
_osv() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
}
complete -o bashdefault -o default -F _osv osv
`;
}

function zshScript(commands: CommandWords[]): string {
  const list = commands.map(({ name, summary }) => `    '${name}:${summary.replaceAll("'", "'\\''")}'`);
  const cases = commands.map(({ name, flags }) => {
    const names = takesInstances.has(name) ? ` \${(f)"$(${namesCommand})"}` : '';
    return `    ${name}) compadd -- ${flags.join(' ')}${names}; _files ;;`;
  });
  return `#compdef osv
_osv() {
  local -a commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
}
_osv "$@"
`;
}

function fishScript(commands: CommandWords[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => {
    const used = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c osv -n __fish_use_subcommand -f -a ${name} -d "${summary.replaceAll('"', '\\"')}"`,
      ...flags.map(
        (flag) => `complete -c osv ${used} ${flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`}`,
      ),
      ...(takesInstances.has(name) ? [`complete -c osv ${used} -f -a '(${namesCommand})'`] : []),
    ];
  });
  return `# fish completion for osv\n${lines.join('\n')}\n`;
}
