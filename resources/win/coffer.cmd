@echo off
rem The coffer command: Coffer's command line on the app's own runtime. It opens no window.
"%~dp0..\..\Coffer.exe" --run-program --no-sandbox --log-level=3 -- cli.js %*
