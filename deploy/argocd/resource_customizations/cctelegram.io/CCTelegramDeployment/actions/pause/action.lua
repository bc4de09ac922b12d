obj.spec.reconciliation = "Paused"
return obj
