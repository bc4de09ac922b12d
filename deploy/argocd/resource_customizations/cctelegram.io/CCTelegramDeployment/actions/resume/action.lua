obj.spec.reconciliation = "Active"
return obj
