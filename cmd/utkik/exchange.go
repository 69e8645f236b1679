package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

// input opens a file to read, or standard input for "-".
func input(name string) (string, io.ReadCloser, error) {
	if name == "-" {
		return "standard input", io.NopCloser(os.Stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return name, nil, usageError{err}
	}
	return name, f, nil
}

func (p *program) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Take in calls in the exchange format, one JSON object a line (- for standard input)",
		Long: `Takes in calls in the exchange format, one JSON object a line. All or nothing: a file with a bad line changes nothing, and
every bad line is named.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, in, err := input(args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			return p.with(cmd.Context(), func(a *app.App) error {
				lines, err := a.Import(cmd.Context(), name, in)
				if err != nil {
					return err
				}
				if err := p.catchUp(cmd, a); err != nil {
					return err
				}
				return p.runsDone(lines)
			})
		},
	}
}

func (p *program) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Write every stored call in the exchange format",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				w := bufio.NewWriter(p.out)
				_, err := a.Export(cmd.Context(), w)
				return errors.Join(err, w.Flush())
			})
		},
	}
}

func (p *program) reindexCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reindex",
		Short: "Build the search index anew from the store",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				n, err := a.Reindex(cmd.Context())
				if err != nil {
					return err
				}
				if p.json {
					return p.printJSON(struct {
						Indexed int `json:"indexed"`
					}{n})
				}
				fmt.Fprintf(p.out, "%d calls indexed\n", n)
				return nil
			})
		},
	}
}
