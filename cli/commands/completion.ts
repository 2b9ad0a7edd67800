import type { Command } from 'commander';
import { shellScripts } from '../completion/shell-scripts.ts';
import type { Context } from '../context.ts';

const examples = `
Examples:
  osv completion bash > ~/.local/share/bash-completion/completions/osv
  osv completion zsh > "\${fpath[1]}/_osv"
  osv completion fish > ~/.config/fish/completions/osv.fish
`;

export function define(command: Command, context: Context): void {
  command
    .addArgument(command.createArgument('<shell>', 'the shell').choices(Object.keys(shellScripts)))
    .addHelpText('before', `${examples.trim()}\n`)
    .action((shell: keyof typeof shellScripts) => void context.stdout.write(shellScripts[shell]));
}
