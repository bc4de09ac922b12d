obj.spec.activity = "Hibernated"
return obj
