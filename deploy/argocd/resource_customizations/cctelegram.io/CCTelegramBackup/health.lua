-- CCTelegramBackup follows kstatus: status.observedGeneration, Reconciling and Stalled.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end
local succeeded = conditions["Succeeded"]

local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation or succeeded == nil then
  return { status = "Progressing", message = "waiting for the operator to look at this backup" }
end
if holds("Stalled") then
  return { status = "Degraded", message = succeeded.message }
end
if succeeded.status == "True" then
  return { status = "Healthy", message = succeeded.message }
end
return { status = "Progressing", message = succeeded.message }
