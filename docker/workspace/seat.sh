# Sourced: in a class, the seat that labs-enter takes when the container starts.
if [ -n "${LABS_SEATS:-}" ]; then
  until [ -s /home/lab/.seat ]; do sleep 0.1; done
  . /home/lab/.seat
fi
