obj.spec.activity = "Active"
return obj
