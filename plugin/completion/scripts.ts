export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** Each asks the program for words; the first tab of a line, the rest is what it says about them. */
const scripts: Readonly<Record<Shell, string>> = {
  bash: `# Completion of kubectl-cctelegram: source <(kubectl cctelegram completion bash)
_kubectl_cctelegram() {
  local IFS=$'\\n'
  COMPREPLY=($(kubectl-cctelegram __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _kubectl_cctelegram kubectl-cctelegram
`,
  zsh: `#compdef kubectl-cctelegram
# Completion of kubectl-cctelegram: source <(kubectl cctelegram completion zsh)
_kubectl_cctelegram() {
  local -a found
  local line
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(kubectl-cctelegram __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe kubectl-cctelegram found || _files
}
compdef _kubectl_cctelegram kubectl-cctelegram
`,
  fish: `# Completion of kubectl-cctelegram: kubectl cctelegram completion fish | source
function __kubectl_cctelegram
  set -l words (commandline -opc) (commandline -ct)
  kubectl-cctelegram __complete -- $words[2..-1] 2>/dev/null
end
complete -c kubectl-cctelegram -f -a '(__kubectl_cctelegram)'
`,
};

export const completionScript = (shell: Shell): string => scripts[shell];
