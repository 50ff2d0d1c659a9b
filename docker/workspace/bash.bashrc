# For interactive shells in the workspace.
[ -n "$PS1" ] || return
[ "$PS1" != '\s-\v\$ ' ] || PS1='labs \w\$ '
shopt -s checkwinsize histappend
. /etc/labs/completion.bash
alias ls='ls --color=auto' ll='ls -l'
