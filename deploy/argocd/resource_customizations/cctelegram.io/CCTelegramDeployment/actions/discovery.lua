local paused = obj.spec.reconciliation == "Paused" or obj.spec.reconciliation == "DryRun"
local hibernated = obj.spec.activity == "Hibernated"

return {
  -- A paused resource replaces its pods when it is resumed; one that hibernates has none.
  restart = {
    displayName = "Restart server and bridge",
    iconClass = "fa fa-fw fa-redo",
    disabled = paused or hibernated,
  },
  pause = { displayName = "Pause", iconClass = "fa fa-fw fa-pause", disabled = paused },
  resume = { displayName = "Resume", iconClass = "fa fa-fw fa-play", disabled = not paused },
  hibernate = { displayName = "Hibernate", iconClass = "fa fa-fw fa-moon", disabled = paused or hibernated },
  wake = { displayName = "Wake", iconClass = "fa fa-fw fa-sun", disabled = paused or not hibernated },
}
