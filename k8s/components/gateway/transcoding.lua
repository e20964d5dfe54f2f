-- What the stock transcoder leaves out of the registry's REST transport: `If-None-Match` and 304, 201, refusals as
-- `application/problem+json` (RFC 9457), a verdict as text. Paths, bodies and JSON are the transcoder's.

local CODES = {
  [1] = "CANCELLED", [3] = "INVALID_ARGUMENT", [4] = "DEADLINE_EXCEEDED", [5] = "NOT_FOUND", [6] = "ALREADY_EXISTS",
  [7] = "PERMISSION_DENIED", [8] = "RESOURCE_EXHAUSTED", [9] = "FAILED_PRECONDITION", [11] = "OUT_OF_RANGE",
  [12] = "UNIMPLEMENTED", [13] = "INTERNAL", [14] = "UNAVAILABLE", [16] = "UNAUTHENTICATED",
}
local TITLES = {
  ["400"] = "Bad Request", ["401"] = "Unauthorized", ["403"] = "Forbidden", ["404"] = "Not Found",
  ["409"] = "Conflict", ["413"] = "Request Entity Too Large", ["415"] = "Unsupported Media Type", ["429"] = "Too Many Requests",
  ["500"] = "Internal Server Error", ["501"] = "Not Implemented", ["503"] = "Service Unavailable",
  ["504"] = "Gateway Timeout",
}
-- What the gateway refuses itself, by HTTP status: the code and the reason.
local OWN = {
  ["400"] = { "INVALID_ARGUMENT", "BAD_PARAMETER" }, ["404"] = { "NOT_FOUND", "NO_SUCH_PATH" },
  ["413"] = { "INVALID_ARGUMENT", "TOO_LARGE" }, ["415"] = { "INVALID_ARGUMENT", "UNSUPPORTED_ENCODING" },
  ["503"] = { "UNAVAILABLE", "UNAVAILABLE" },
}
local TOO_LARGE = { ['"TOO_LARGE"'] = true, ['"TOO_MANY_RECORDS"'] = true }
local UNJUDGED = " is not judged on a "
local WATCH = "/schemas:watch"
local SCOPE = "envoy.filters.http.lua"

-- JSON text is cut into its tokens and put together anew; nothing is decoded that need not be.

local function string_end(json, at)
  repeat
    at = json:find('["\\]', at + 1)
    local escape = json:byte(at) == 92
    if escape then at = at + 1 end
  until not escape
  return at
end

local function value_end(json, at)
  local depth = 0
  while true do
    at = json:find('["{}%[%],]', at)
    local found = json:sub(at, at)
    if found == '"' then
      at = string_end(json, at)
    elseif found == "{" or found == "[" then
      depth = depth + 1
    elseif found ~= "," then
      depth = depth - 1
      if depth < 0 then return at - 1 end
    elseif depth == 0 then
      return at - 1
    end
    if depth == 0 and found ~= "," then return at end
    at = at + 1
  end
end

-- The tokens of an array, or of an object: its names and values by turns.
local function tokens(json)
  local found, at = {}, 2
  while at < #json do
    local stop = json:sub(at, at) == '"' and string_end(json, at) or value_end(json, at)
    found[#found + 1] = json:sub(at, stop)
    at = stop + 2
  end
  return found
end

local function members(json)
  local found, all = {}, tokens(json)
  for i = 1, #all, 2 do found[all[i]] = all[i + 1] end
  return found
end

-- protobuf's C++ printer writes < and > for HTML's sake; the registry doesn't.
local function plain(json)
  return (json:gsub("(\\+)u003([ce])", function(slashes, which)
    if #slashes % 2 == 1 then return slashes:sub(2) .. (which == "c" and "<" or ">") end
  end))
end

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return (c == '"' or c == "\\") and "\\" .. c or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

local function unquote(token)
  local names = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
  return (plain(token):sub(2, -2):gsub("\\(.)", function(c) return names[c] or c end))
end

local function unescape(path)
  return (path:gsub("%?.*", ""):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- A google.rpc.Status as the transcoder prints it: the problem's members, and the seconds to wait.
local function of_status(json)
  local status = members(json)
  local found = { detail = status['"message"'], code = quote(CODES[tonumber(status['"code"'])] or "UNKNOWN"), reason = '""' }
  local more, wait = {}, nil
  for _, each in ipairs(status['"details"'] and tokens(status['"details"']) or {}) do
    local detail = members(each)
    local kind = detail['"@type"']:match("([^.]+)\"$")
    if kind == "ErrorInfo" then
      found.reason = detail['"reason"']
      local all = tokens(detail['"metadata"'] or "{}")
      for i = 1, #all, 2 do more[#more + 1] = all[i] .. ":" .. all[i + 1] end
      table.sort(more)
    elseif kind == "BadRequest" then
      local at = detail['"field_violations"'] or detail['"fieldViolations"']
      found.pointer = members(tokens(at)[1])['"field"']
    elseif kind == "RetryInfo" then
      wait = (detail['"retry_delay"'] or detail['"retryDelay"']):match("[%d.]+")
    elseif kind == "Verdict" then
      found.verdict = "{" .. each:gsub('^{"@type":"[^"]*",?', "")
    end
  end
  found.more = table.concat(more, ",")
  return found, wait
end

local function of_own(status, path, body)
  local own = OWN[status] or { "INTERNAL", "INTERNAL" }
  if body:find("^If%-[%a-]+" .. UNJUDGED) then own = { "INVALID_ARGUMENT", "UNSUPPORTED_PRECONDITION" } end
  local detail = body
  if status == "404" then
    local advice = #path > 1 and path:sub(-1) == "/" and "Leave out the slash at its end." or "Try /schemas or /schema/{id}."
    detail = "No such path: " .. path .. ". " .. advice
  end
  if status == "413" then detail = "The body is over 1,048,576 bytes: a document or a batch of records must be smaller." end
  return { detail = quote(detail), code = quote(own[1]), reason = quote(own[2]), more = "" }
end

local function problem(found, status)
  local written = '{"type":"about:blank","title":' .. quote(TITLES[status] or "Error") .. ',"status":' .. status
    .. ',"detail":' .. found.detail .. ',"code":' .. found.code .. ',"reason":' .. found.reason
  if found.pointer then written = written .. ',"pointer":' .. found.pointer end
  if found.more ~= "" then written = written .. "," .. found.more end
  if found.verdict then written = written .. ',"verdict":' .. found.verdict end
  return plain(written .. "}")
end

-- Waiting for the body ends the life of what was had of the response before: headers are asked for anew after it.
local function refuse(response, status, path)
  local body = response:body(true)
  local json, headers = body:length() > 0 and body:getBytes(0, body:length()) or "", response:headers()
  local found, wait
  if json:sub(1, 8) == '{"code":' then
    found, wait = of_status(json)
    if found.code == '"FAILED_PRECONDITION"' then status = "409" end
    if TOO_LARGE[found.reason] then status = "413" end
  else
    found = of_own(status, path, json)
  end
  headers:replace(":status", status)
  headers:replace("content-type", "application/problem+json")
  if wait then headers:replace("retry-after", ("%d"):format(math.max(1, math.floor(tonumber(wait) + 0.5)))) end
  headers:replace("content-length", tostring(body:setBytes(problem(found, status))))
end

local function as_text(response)
  local body = response:body()
  local verdict = members(body:getBytes(0, body:length()))
  local said = unquote(verdict['"verdict"'])
  if said ~= "compatible" then said = said .. ": " .. unquote(verdict['"message"']) end
  response:headers():replace("content-type", "text/plain; charset=utf-8")
  response:headers():replace("content-length", tostring(body:setBytes(said)))
end

local function as_plain_json(response)
  local body = response:body()
  local json = plain(body:getBytes(0, body:length()))
  if json:find('"created":true', 1, true) then response:headers():replace(":status", "201") end
  response:headers():replace("content-length", tostring(body:setBytes(json)))
end

local function without_body(response)
  local size = response:headers():get("content-length")
  response:body(true):setBytes("")
  if size then response:headers():replace("content-length", size) end
end

-- Every line of a header as one list (RFC 9110, section 5.3).
local function lines(headers, name)
  local found = {}
  for i = 0, headers:getNumValues(name) - 1 do found[#found + 1] = headers:getAtIndex(name, i) end
  return table.concat(found, ", ")
end

-- How much a media type is wanted (RFC 9110, section 12.5.1): its quality, how closely it is named, its place.
local function rank(accept, kind)
  local closeness = { ["*/*"] = 1, [kind:match("^[^/]+") .. "/*"] = 2, [kind] = 3 }
  local best, place = { 0, 0, 0 }, 0
  for item in accept:gsub('"[^"]*"', "x"):lower():gmatch("[^,]+") do
    place = place + 1
    local name, quality, other = item:match("^%s*([^;%s]*)"), 1, false
    for key, value in item:gmatch(";%s*([^=;%s]*)%s*=?%s*([^;%s]*)") do
      if key == "q" then quality = value:match("^[01]%.?%d?%d?%d?$") and tonumber(value) or 1 break end
      other = other or key ~= "charset"
    end
    local close = closeness[name]
    if close and not other and close > best[2] then best = { quality, close, -place } end
  end
  return best
end

local function prefers_text(accept)
  local text, json = rank(accept, "text/plain"), rank(accept, "application/json")
  if text[1] == 0 then return false end
  for i = 1, 3 do
    if text[i] ~= json[i] then return text[i] > json[i] end
  end
  return false
end

function envoy_on_request(request)
  local headers = request:headers()
  local path, etag, accept = headers:get(":path"), lines(headers, "if-none-match"), lines(headers, "accept")
  local encoding = (headers:get("content-encoding") or "identity"):lower()
  local asked = request:streamInfo():dynamicMetadata()
  if headers:get(":method") == "HEAD" and unescape(path) ~= WATCH then
    headers:replace(":method", "GET")
    asked:set(SCOPE, "head", true)
  end
  asked:set(SCOPE, "path", unescape(path))
  asked:set(SCOPE, "text", prefers_text(accept))
  local method = headers:get(":method")
  local condition = headers:get("if-match") and "If-Match" or method ~= "GET" and etag ~= "" and "If-None-Match"
  if condition then
    local said = condition .. UNJUDGED .. (method == "HEAD" and "GET" or method) .. ": leave it out. No version is ever "
      .. "replaced: other content for one that is there is refused anyway."
    return request:respond({ [":status"] = "400" }, said)
  end
  if encoding ~= "identity" then
    local said = "Content-Encoding '" .. encoding:sub(1, 80) .. "' isn't read: send the body as it is, or under one of gzip."
    return request:respond({ [":status"] = "415", ["accept-encoding"] = "gzip" }, said)
  end
  if path:match("^[^?]*"):sub(-1) == "/" and #path > 1 then return request:respond({ [":status"] = "404" }, "") end
  if etag ~= "" and path:find("^/schema/") then
    local escaped = etag:gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end)
    headers:replace(":path", path .. (path:find("?", 1, true) and "&" or "?") .. "if_none_match=" .. escaped)
  end
end

function envoy_on_response(response)
  local asked, headers = response:streamInfo():dynamicMetadata():get(SCOPE), response:headers()
  local path, status = asked and asked.path or "", headers:get(":status")
  if status ~= "200" then
    refuse(response, status, path)
  elseif headers:get("x-schema-id") then
    if headers:get("content-length") == "0" then
      headers:replace(":status", "304")
      headers:remove("content-type")
      headers:remove("content-length")
    end
  elseif asked and asked.text and (path:find("^/compat/") or path:find("/compat$")) then
    as_text(response)
  elseif path == WATCH then
    headers:replace("content-type", "application/x-ndjson")
  else
    as_plain_json(response)
  end
  if asked and asked.head then without_body(response) end
end
