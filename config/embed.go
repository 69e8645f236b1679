package config

import (
	"embed"
	"io/fs"
)

// The data that comes with the program.
//
//go:embed sources/*.yaml plans/*.yaml plans/learned/*.yaml
var embedded embed.FS

// Embedded gives the sources/*.yaml, plans/*.yaml and plans/learned/*.yaml that come with the program.
func Embedded() fs.FS { return embedded }
