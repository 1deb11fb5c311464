export default { title: 'Hotline' }
