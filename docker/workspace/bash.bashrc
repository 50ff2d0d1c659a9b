# For interactive shells in the workspace.
[ -n "$PS1" ] || return
. /etc/labs/seat.sh
[ "$PS1" != '\s-\v\$ ' ] || PS1='${LABS_PREFIX:-labs} \w\$ '
shopt -s checkwinsize histappend
. /etc/labs/completion.bash
alias ls='ls --color=auto' ll='ls -l'
