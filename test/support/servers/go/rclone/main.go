// The server of rclone's newest release, which PyPI does not have: `serve s3` over local folders and nothing else of rclone,
// so that it builds in seconds.
package main

import (
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/serve/s3"
)

func main() {
	cmd.Main()
}
