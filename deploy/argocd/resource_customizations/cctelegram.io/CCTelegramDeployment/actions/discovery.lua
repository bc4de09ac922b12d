local paused = obj.spec.reconciliation == "Paused" or obj.spec.reconciliation == "DryRun"

return {
  -- A paused resource replaces its pods when it is resumed.
  restart = { displayName = "Restart server and bridge", iconClass = "fa fa-fw fa-redo", disabled = paused },
  pause = { displayName = "Pause", iconClass = "fa fa-fw fa-pause", disabled = paused },
  resume = { displayName = "Resume", iconClass = "fa fa-fw fa-play", disabled = not paused },
}
