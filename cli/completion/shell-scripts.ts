/**
 * Scripts that ask `osv __complete` for everything, so that what is typed is understood in one place. They take lines of
 * `value<TAB>description` and a last line `:0` (names of files too) or `:4` (no files).
 */
export const shellScripts = {
  bash: `# bash completion for osv
_osv() {
  local IFS=$'\\n' line
  COMPREPLY=()
  for line in $(osv __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    case $line in
      :0) compopt -o bashdefault -o default ;;
      :*) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done
}
complete -F _osv osv
`,
  zsh: `#compdef osv
_osv() {
  local line
  local -a candidates
  for line in "\${(@f)$(osv __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :0) _files ;;
      :*) ;;
      *) candidates+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
    esac
  done
  (( $#candidates )) && _describe osv candidates
}
if [ "$funcstack[1]" = _osv ]; then _osv "$@"; else compdef _osv osv; fi
`,
  fish: `# fish completion for osv
function __osv_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (osv __complete $words[2..-1] 2>/dev/null)
    switch $line
      case :0
        __fish_complete_path (commandline -ct)
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c osv -f -a '(__osv_complete)'
`,
} as const;
