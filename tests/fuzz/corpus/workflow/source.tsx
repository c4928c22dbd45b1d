const { A, B = "b", ...rest } = import.meta.env; const x = `${process.env[`A_${y}`] ?? "d"}`; /* c */
export const P = () => <p a={process.env.C}>it's {import.meta.env["D"]}</p>; // end
