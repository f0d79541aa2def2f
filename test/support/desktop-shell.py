"""What a desktop's shell offers to programs on the session bus, and a person who uses it: the tray, and notifications.

Reads orders as lines of JSON and answers each with one. {"pid": N} asks for the tray's item of that process: null or its
texts; {"pid": N, "press": LABEL} presses an entry of its menu. {"pid": N, "notifications": true} asks for the titles of its
notifications on the screen; {"pid": N, "click": TITLE} clicks one.
"""

import json
import os
import sys
import threading

from gi.repository import Gio, GLib

WATCHER = "org.kde.StatusNotifierWatcher"
INTERFACE = f"""<node><interface name="{WATCHER}">
  <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
  <method name="RegisterStatusNotifierHost"><arg type="s" direction="in"/></method>
  <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
  <signal name="StatusNotifierItemRegistered"><arg type="s"/></signal>
  <signal name="StatusNotifierHostRegistered"/>
</interface></node>"""

NOTIFICATIONS = "org.freedesktop.Notifications"
NOTIFICATIONS_PATH = "/org/freedesktop/Notifications"
NOTIFICATIONS_INTERFACE = f"""<node><interface name="{NOTIFICATIONS}">
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="GetServerInformation">
    <arg type="s" direction="out"/><arg type="s" direction="out"/>
    <arg type="s" direction="out"/><arg type="s" direction="out"/>
  </method>
  <method name="Notify">
    <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
  </method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
  <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>"""

bus = Gio.bus_get_sync(Gio.BusType.SESSION)
items = {}
notifications = {}


def call(name, path, interface, method, arguments):
    return bus.call_sync(name, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 5000, None).unpack()


def pid_of(sender):
    arguments = GLib.Variant("(s)", (sender,))
    return call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetConnectionUnixProcessID", arguments)[0]


def on_notify(_bus, sender, _path, _interface, method, parameters, invocation):
    if method == "GetCapabilities":
        invocation.return_value(GLib.Variant("(as)", (["body", "actions"],)))
    elif method == "GetServerInformation":
        invocation.return_value(GLib.Variant("(ssss)", ("shell", "test", "1", "1.2")))
    elif method == "Notify":
        _app, replaces, _icon, title, _body, _actions, _hints, _timeout = parameters.unpack()
        number = replaces or max(notifications, default=0) + 1
        notifications[number] = (pid_of(sender), sender, title)
        invocation.return_value(GLib.Variant("(u)", (number,)))
    else:
        close_notification(parameters.unpack()[0], 3)
        invocation.return_value(None)


def close_notification(number, reason):
    _pid, sender, _title = notifications.pop(number)
    arguments = GLib.Variant("(uu)", (number, reason))
    bus.emit_signal(sender, NOTIFICATIONS_PATH, NOTIFICATIONS, "NotificationClosed", arguments)


def click(pid, title):
    number = next(number for number, (owner, _, text) in notifications.items() if (owner, text) == (pid, title))
    arguments = GLib.Variant("(us)", (number, "default"))
    bus.emit_signal(notifications[number][1], NOTIFICATIONS_PATH, NOTIFICATIONS, "ActionInvoked", arguments)
    close_notification(number, 2)


def on_call(_bus, sender, _path, _interface, method, parameters, invocation):
    if method == "RegisterStatusNotifierItem":
        (service,) = parameters.unpack()
        path = service if service.startswith("/") else "/StatusNotifierItem"
        items[pid_of(sender)] = (sender, path)
    invocation.return_value(None)


def on_get(_bus, _sender, _path, _interface, name):
    values = {
        "RegisteredStatusNotifierItems": GLib.Variant("as", []),
        "IsStatusNotifierHostRegistered": GLib.Variant("b", True),
        "ProtocolVersion": GLib.Variant("i", 0),
    }
    return values[name]


def get(name, path, property_name):
    arguments = GLib.Variant("(ss)", ("org.kde.StatusNotifierItem", property_name))
    return call(name, path, "org.freedesktop.DBus.Properties", "Get", arguments)[0]


def menu_of(name, path):
    menu = get(name, path, "Menu")
    arguments = GLib.Variant("(iias)", (0, -1, []))
    _revision, (_id, _properties, children) = call(name, menu, "com.canonical.dbusmenu", "GetLayout", arguments)
    entries = [(entry[0], entry[1]) for entry in children]
    return menu, [(number, what) for number, what in entries if what.get("type") != "separator"]


def label(what):
    return what.get("label", "").replace("__", "\0").replace("_", "").replace("\0", "_")


def obey(order):
    if "click" in order:
        click(order["pid"], order["click"])
    if "click" in order or "notifications" in order:
        return [title for owner, _, title in notifications.values() if owner == order["pid"]]
    item = items.get(order["pid"])
    if item is None:
        return None
    name, path = item
    menu, entries = menu_of(name, path)
    if "press" in order:
        number = next(number for number, what in entries if label(what) == order["press"] and what.get("enabled", True))
        event = GLib.Variant("(isvu)", (number, "clicked", GLib.Variant("i", 0), 0))
        call(name, menu, "com.canonical.dbusmenu", "Event", event)
    return {
        "menu": [label(what) for _number, what in entries],
        "disabled": [label(what) for _number, what in entries if not what.get("enabled", True)],
        "tip": get(name, path, "ToolTip")[2],
    }


def orders():
    for line in sys.stdin:
        try:
            answer = {"answer": obey(json.loads(line))}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)
    os._exit(0)


def register(path, interface, handle, get_property=None):
    node = Gio.DBusNodeInfo.new_for_xml(interface)
    bus.register_object(path, node.interfaces[0], handle, get_property, None)


def on_owned(_bus, name):
    owned.add(name)
    if len(owned) == 2:
        print(json.dumps({"answer": True}), flush=True)
        threading.Thread(target=orders, daemon=True).start()


owned = set()
register("/StatusNotifierWatcher", INTERFACE, on_call, on_get)
register(NOTIFICATIONS_PATH, NOTIFICATIONS_INTERFACE, on_notify)
for name in (WATCHER, NOTIFICATIONS):
    Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, on_owned, None)
GLib.MainLoop().run()
