package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

func (p *program) storeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Move the store to another database",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(p.storeCopyCommand())
	return c
}

// copiedLine is a table that was copied as it is printed with --json.
type copiedLine struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Hash  string `json:"sha256"`
}

func (p *program) storeCopyCommand() *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:   "copy",
		Short: "Copy everything from one store to an empty one, and compare",
		Long: `Copies everything that a store holds to an empty one, of the same engine or the other, reads it there again and compares
counts and hashes of every table. All of it is copied, or nothing. Stop every utkik that uses either store first: one that is
written to meanwhile is not copied.

  createdb --encoding=UTF8 utkik
  utkik store copy --to postgres://utkik@db.example.org/utkik     # from the installation's own store
  # then set store.url in the configuration; the index is built anew from it

A password may be left out of an address and stand in PGPASSWORD or in ~/.pgpass, where the list of processes does not show it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" && to == "" {
				return usageError{fmt.Errorf("name the other store with --to or --from; see %s --help", cmd.CommandPath())}
			}
			cfg, err := p.load()
			if err != nil {
				return err
			}
			out, err := app.CopyStore(cmd.Context(), cfg, from, to, func(c store.Copied) {
				if !p.json {
					fmt.Fprintf(p.out, "%-16s %9d rows  %.16s\n", c.Table, c.Rows, c.Hash)
				}
			})
			if err != nil {
				return err
			}
			if p.json {
				lines := make([]copiedLine, len(out))
				for i, c := range out {
					lines[i] = copiedLine(c)
				}
				return p.printJSON(struct {
					Tables []copiedLine `json:"tables"`
				}{lines})
			}
			fmt.Fprintf(p.out, "%d tables copied, and the same on both sides\n", len(out))
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "", "`address` of the store to copy (default the installation's own)")
	c.Flags().StringVar(&to, "to", "", "`address` of the empty store (default the installation's own)")
	return c
}
