#!/bin/sh
# Runs as root after the package's files are in place. The link /usr/bin/coffer is one of them.

# The helper of Chromium's sandbox needs the set-user-id bit where the kernel denies user namespaces.
if unshare --user true 2>/dev/null; then
  chmod 0755 '/opt/${sanitizedProductName}/chrome-sandbox' || true
else
  chmod 4755 '/opt/${sanitizedProductName}/chrome-sandbox' || true
fi

# The new types of files and the entry in the menu.
if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database /usr/share/applications || true; fi

# Ubuntu 24.04 and newer grant user namespaces by AppArmor profile. An older AppArmor does not parse it and needs none.
profile='/opt/${sanitizedProductName}/resources/apparmor-profile'
installed='/etc/apparmor.d/${executable}'
if aa-status --enabled 2>/dev/null && apparmor_parser --skip-kernel-load --debug "$profile" >/dev/null 2>&1; then
  cp -f "$profile" "$installed"
  # In a chroot, as when an image is made, there is no kernel to load it into.
  if ! { command -v ischroot >/dev/null && ischroot; }; then
    apparmor_parser --replace --write-cache --skip-read-cache "$installed" || true
  fi
fi
exit 0
