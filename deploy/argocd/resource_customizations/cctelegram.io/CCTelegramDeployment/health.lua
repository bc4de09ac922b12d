-- CCTelegramDeployment follows kstatus: status.observedGeneration, Reconciling, Stalled and Ready.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end
local ready = conditions["Ready"]

local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end

local function verdict(status, message)
  return { status = status, message = message }
end

-- The message of the condition that decides, and what Ready says where that is something else.
local function because(type)
  local message = conditions[type].message
  if message == ready.message then
    return message
  end
  return message .. "; Ready is " .. ready.status .. ": " .. ready.message
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation or ready == nil then
  return verdict("Progressing", "waiting for the operator to look at this generation of the resource")
end
-- Somebody asked for it: no failure, and nothing to wait for.
if holds("Paused") then
  return verdict("Suspended", because("Paused"))
end
if holds("Stalled") then
  return verdict("Degraded", because("Stalled"))
end
if holds("Reconciling") and conditions["Reconciling"].reason == "WaitingForMaintenance" then
  return verdict("Suspended", because("Reconciling"))
end
if holds("Reconciling") then
  return verdict("Progressing", because("Reconciling"))
end
if ready.status == "True" and ready.observedGeneration == obj.metadata.generation then
  return verdict("Healthy", ready.message)
end
if ready.reason == "ScaledToZero" or ready.reason == "Hibernated" or ready.reason == "BridgeFenced" then
  return verdict("Suspended", ready.message)
end
-- It may recover by itself, but Argo CD has no limit on Progressing: nobody would be told.
if ready.status == "False" and holds("Degraded") then
  return verdict("Degraded", because("Degraded"))
end
return verdict("Progressing", ready.message)
