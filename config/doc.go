// Package config is what the operator decides: one strict YAML file, the environment and the command
// line, and the data that comes with the program, one file a source and one file a plan. Loading tells
// every problem at once, each with its file, line and key; what is in force can be shown with its
// secrets redacted.
package config
