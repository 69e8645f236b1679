package config

import (
	"embed"
	"io/fs"
)

// The data that comes with the program.
//
//go:embed sources/*.yaml plans/*.yaml
var embedded embed.FS

// Embedded gives the sources/*.yaml and plans/*.yaml that come with the program.
func Embedded() fs.FS { return embedded }
